import type { Colours } from './terminal';

export interface Column<Row> {
  title: string;
  text(row: Row): string;
  /** Colours a cell after it was aligned. */
  paint?(cell: string, row: Row): string;
  /** In characters; longer cells are cut. @default 60 */
  maxWidth?: number;
}

/** Aligned columns under a heading. The last one is not padded. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], colours: Colours): string {
  const cells = rows.map((row) => columns.map((column) => cut(column.text(row), column.maxWidth ?? 60)));
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (texts: readonly string[], paint: (cell: string, index: number) => string) =>
    texts
      .map((text, index) => paint(index === texts.length - 1 ? text : pad(text, widths[index] ?? 0), index))
      .join('  ')
      .trimEnd();
  const heading = line(
    columns.map(({ title }) => title),
    (cell) => colours.dim(cell),
  );
  const body = rows.map((row, at) =>
    line(cells[at] ?? [], (cell, index) => columns[index]?.paint?.(cell, row) ?? cell),
  );
  return [heading, ...body].join('\n');
}

function cut(text: string, maxWidth: number): string {
  const characters = Array.from(text);
  return characters.length > maxWidth ? `${characters.slice(0, maxWidth - 1).join('')}…` : text;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
