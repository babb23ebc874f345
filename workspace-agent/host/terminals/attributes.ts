import type { Attributes } from './emulator-core.ts';

/** Sets exactly these attributes, whatever was set before. */
export function sgr(attributes: Attributes): string {
  const codes = ['0'];
  const flags: [number, string][] = [
    [attributes.isBold(), '1'],
    [attributes.isDim(), '2'],
    [attributes.isItalic(), '3'],
    [attributes.isUnderline(), '4'],
    [attributes.isBlink(), '5'],
    [attributes.isInverse(), '7'],
    [attributes.isInvisible(), '8'],
    [attributes.isStrikethrough(), '9'],
    [attributes.isOverline(), '53'],
  ];
  for (const [set, code] of flags) if (set) codes.push(code);
  const foreground = attributes.getFgColor();
  if (attributes.isFgRGB()) codes.push(`38;2;${rgb(foreground)}`);
  else if (attributes.isFgPalette()) codes.push(isShort(attributes.fg) ? short(30, foreground) : `38;5;${foreground}`);
  const background = attributes.getBgColor();
  if (attributes.isBgRGB()) codes.push(`48;2;${rgb(background)}`);
  else if (attributes.isBgPalette()) codes.push(isShort(attributes.bg) ? short(40, background) : `48;5;${background}`);
  return `\x1b[${codes.join(';')}m`;
}

function rgb(color: number): string {
  return `${(color >>> 16) & 0xff};${(color >>> 8) & 0xff};${color & 0xff}`;
}

/** Whether the color was set by one of the 16 short codes: a terminal may show those brighter when bold. */
function isShort(packed: number): boolean {
  return (packed & 0x3000000) === 0x1000000;
}

function short(base: number, color: number): string {
  return String(color < 8 ? base + color : base + 60 + color - 8);
}

/** The background alone, 0 for the default: what a blank cell shows. */
export function backgroundOf({ bg }: { bg: number }): number {
  return bg & 0x3ffffff;
}
