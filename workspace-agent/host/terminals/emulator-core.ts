/**
 * The inside of the headless terminal, as far as an exact restore needs it: the public API tells neither the scroll
 * region nor the saved cursor, charsets, mouse encoding or the parser's state. The package's version is exact, and the
 * restore tests fail when a new one names things otherwise.
 */
export interface Core {
  writeSync(bytes: Uint8Array): void;
  readonly rows: number;
  readonly cols: number;
  readonly buffer: CoreBuffer;
  readonly buffers: { normal: CoreBuffer; alt: CoreBuffer };
  readonly coreService: {
    isCursorHidden: boolean;
    decPrivateModes: { cursorStyle?: 'block' | 'underline' | 'bar'; cursorBlink?: boolean };
  };
  readonly coreMouseService: { activeEncoding: string };
  readonly _charsetService: { glevel: number; _charsets: (Charset | undefined)[] };
  readonly _inputHandler: {
    _curAttrData: Attributes;
    /** `currentState` is 0 outside any escape sequence. */
    _parser: { currentState: number; precedingJoinState: number };
  };
}

export interface CoreBuffer {
  x: number;
  y: number;
  ybase: number;
  scrollTop: number;
  scrollBottom: number;
  savedX: number;
  savedY: number;
  savedCurAttrData: Attributes;
  savedCharset: Charset | undefined;
  ydisp: number;
  lines: { maxLength: number; trimStart(count: number): void };
}

export interface Attributes {
  fg: number;
  bg: number;
  isInverse(): number;
  isBold(): number;
  isUnderline(): number;
  isOverline(): number;
  isBlink(): number;
  isInvisible(): number;
  isItalic(): number;
  isDim(): number;
  isStrikethrough(): number;
  isFgRGB(): boolean;
  isBgRGB(): boolean;
  isFgPalette(): boolean;
  isBgPalette(): boolean;
  getFgColor(): number;
  getBgColor(): number;
}

export interface Cell extends Attributes {
  getChars(): string;
  getWidth(): number;
}

export type Charset = Record<string, string>;
