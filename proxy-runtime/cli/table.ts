// SPDX-License-Identifier: MIT

/** A cell is right-aligned unless its column is in `left`. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** Heads of the left-aligned columns. */
  readonly left?: readonly string[];
}

/** Lines of a text table: one space-separated row each, no trailing blanks, no line end behind the last. */
export function tableText({ head, rows, left = [] }: Table): string {
  const lines = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const cell = (text: string, column: number): string => {
    const width = widths[column] ?? 0;
    return left.includes(head[column] ?? '') ? text.padEnd(width) : text.padStart(width);
  };
  return lines.map((line) => line.map(cell).join('  ').trimEnd()).join('\n');
}
