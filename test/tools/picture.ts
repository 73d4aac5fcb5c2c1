/*
 * Draws a picture of boxes and arrows as SVG, from a text that people can read and change. A line of the text is a row:
 *
 *   [Title | a line | another] --label--> [Title | a line] <--label-- [Title]
 *
 * The first line of a box is its title. Lines that begin with `#` are comments. The picture follows the reader's colour
 * scheme, and the text itself is its description for people who do not see it.
 */

const charWidth = 7.9;
const lineHeight = 20;
const padding = 14;
const gapMin = 90;
const margin = 10;
const rowGap = 34;

/** A box with its place in the picture. */
interface Box {
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Arrow {
  readonly label: string;
  readonly start: boolean;
  readonly end: boolean;
}

interface Row {
  readonly boxes: readonly (readonly string[])[];
  readonly arrows: readonly Arrow[];
}

/**
 * Draws a picture.
 * @param text the rows
 * @param title what the picture shows, in one sentence
 * @throws Error for a line that is not a row
 */
export function pictureSvg(text: string, title: string): string {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map(readRow);
  const placed = placeRows(rows);
  const boxes = placed.flatMap(({ boxes }) => boxes);
  const width = Math.ceil(Math.max(...boxes.map((box) => box.x + box.width)) + margin);
  const height = Math.ceil(Math.max(...boxes.map((box) => box.y + box.height)) + margin);
  const description = boxes.map(({ lines }) => lines.join(' ')).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<desc>${escape(description)}</desc>`,
    style,
    ...placed.flatMap(({ boxes, arrows }) => [...boxes.map(drawBox), ...arrows]),
    '</svg>',
    '',
  ].join('\n');
}

const style = `<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
.title { font-weight: bold; }
.label { font-size: 12px; fill: #59636e; }
.box { fill: #f6f8fa; stroke: #59636e; }
.arrow { stroke: #59636e; stroke-width: 1.5; }
.head { fill: #59636e; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; }
.label { fill: #9198a1; }
.box { fill: #151b23; stroke: #9198a1; }
.arrow { stroke: #9198a1; }
.head { fill: #9198a1; }
}
</style>`;

function readRow(line: string): Row {
  const parts = line.split(/(\[[^\]]*\])/).map((part) => part.trim());
  const boxes = parts
    .filter((part) => part.startsWith('['))
    .map((part) =>
      part
        .slice(1, -1)
        .split('|')
        .map((word) => word.trim()),
    );
  const arrows = parts.filter((part) => part !== '' && !part.startsWith('[')).map(readArrow);
  if (boxes.length === 0 || arrows.length !== boxes.length - 1) throw new Error(`not a row of boxes: ${line}`);
  return { boxes, arrows };
}

function readArrow(text: string): Arrow {
  const [, start, label = '', end] = /^(<?)--(?:([^-<>]+)--)?(>?)$/.exec(text) ?? [];
  if (start === undefined) throw new Error(`not an arrow: ${text}`);
  return { label, start: start !== '', end: end !== '' };
}

/** Places the boxes of all rows. Every row is as wide as the widest: its arrows take what is left. */
function placeRows(rows: readonly Row[]): readonly { boxes: readonly Box[]; arrows: readonly string[] }[] {
  const boxWidth = (lines: readonly string[]): number =>
    Math.max(...lines.map((line) => line.length)) * charWidth + 2 * padding;
  const boxesWidth = ({ boxes }: Row): number => boxes.reduce((sum, lines) => sum + boxWidth(lines), 0);
  const total = Math.max(...rows.map((row) => boxesWidth(row) + row.arrows.length * gapMin));
  let y = margin;
  return rows.map((row) => {
    const gap = row.arrows.length === 0 ? 0 : (total - boxesWidth(row)) / row.arrows.length;
    const height = Math.max(...row.boxes.map((lines) => lines.length)) * lineHeight + 2 * padding - 6;
    let x = margin;
    const boxes = row.boxes.map((lines) => {
      const box = { lines, x, y, width: boxWidth(lines), height };
      x += box.width + gap;
      return box;
    });
    const arrows = row.arrows.flatMap((arrow, index) => {
      const [left, right] = [boxes[index], boxes[index + 1]];
      return left === undefined || right === undefined ? [] : [drawArrow(arrow, left, right)];
    });
    y += height + rowGap;
    return { boxes, arrows };
  });
}

function drawBox({ lines, x, y, width, height }: Box): string {
  const texts = lines.map((line, index) => {
    const className = index === 0 ? ' class="title"' : '';
    return `<text x="${round(x + padding)}" y="${round(y + padding + 10 + index * lineHeight)}"${className}>${escape(line)}</text>`;
  });
  return `<rect class="box" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6"/>${texts.join('')}`;
}

function drawArrow({ label, start, end }: Arrow, left: Box, right: Box): string {
  const [from, to, y] = [left.x + left.width + 6, right.x - 6, left.y + left.height / 2];
  const head = (x: number, direction: 1 | -1): string =>
    `<path class="head" d="M${round(x)} ${round(y)}l${-8 * direction} -5v10z"/>`;
  return [
    `<line class="arrow" x1="${round(from)}" y1="${round(y)}" x2="${round(to)}" y2="${round(y)}"/>`,
    start ? head(from, -1) : '',
    end ? head(to, 1) : '',
    `<text class="label" text-anchor="middle" x="${round((from + to) / 2)}" y="${round(y - 8)}">${escape(label)}</text>`,
  ].join('');
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
