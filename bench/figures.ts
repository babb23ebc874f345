/** The value below which the share `fraction` of the values lies. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** One row of the report: a figure of ours beside the peer's, and what was aimed at. */
export interface Row {
  what: string;
  ours: number;
  peer: number | null;
  unit: string;
  /** The figure that is aimed at: ours ÷ peer's where there is a peer, else ours. */
  figure: number;
  aim: string;
}

/** A row whose figure is the ratio of the two. */
export function ratioRow(row: Omit<Row, 'figure' | 'peer'> & { peer: number }): Row {
  return { ...row, figure: row.ours / row.peer };
}

/** A Markdown table. */
export function table(title: string, rows: readonly Row[]): string {
  const lines = rows.map(({ what, ours, peer, unit, figure, aim }) => {
    const cells = [what, `${short(ours)} ${unit}`, peer === null ? '–' : `${short(peer)} ${unit}`, short(figure), aim];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `### ${title}`,
    '',
    '| what | Coditect | peer | figure | aim |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function short(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
