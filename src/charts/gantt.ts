/** A timeline as a drawing, and as text for a terminal. */
import { roughly } from '../duration.ts';
import { grouped, WORDS } from './marks.ts';
import { escaped, fitted } from './markup.ts';
import { FONT_RULES, toneRules, type Theme } from './svg.ts';
import { saidOf, type Span, type Timeline, type TimelineEntry } from './timeline.ts';
import { SIGNS, TONES, type Tone } from './tones.ts';
import { columnsOf, cut, plain, tinted } from './tree.ts';

const ROW = 24;
const TOP = 92;
const LABEL = 232;
const CHART = 700;
const MARGIN = 20;
/** So many rows are drawn. */
const MOST_DRAWN = 400;

const RULES = [
  '.sb .z{fill:var(--f)}',
  '.sb .g{stroke:var(--plain-l);stroke-width:1;opacity:.6}',
  '.sb .s{fill:var(--l)}',
  '.sb .s.soft{fill:var(--g);stroke:var(--l);stroke-width:1}',
  '.sb .o{fill:var(--held-l)}',
].join('');

/** Times at which there is a line: a dozen at the most, at round distances. */
function ticksIn(length: number): readonly number[] {
  const step = STEPS.find((each) => length / each <= 8) ?? 10 ** Math.ceil(Math.log10(length / 8));
  const ticks: number[] = [];
  for (let at = 0; at <= length; at += step) ticks.push(at);
  return ticks;
}

const [S, M, H, D] = [1_000, 60_000, 3_600_000, 86_400_000] as const;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((each) => each * S),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * M),
  ...[1, 2, 3, 6, 12].map((each) => each * H),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((each) => each * D),
];

const nameOf = ({ path }: TimelineEntry): string => (path === '' ? 'run' : path.slice(path.lastIndexOf('/') + 1));
const depthOf = ({ path }: TimelineEntry): number => (path === '' ? 0 : path.split('/').length);

function titleOf({ run, status, startedAt, until }: Timeline): string {
  return `${run} · ${WORDS[status]} · ${roughly(until - startedAt)}`;
}

const isBad = (span: Span): boolean => toneOf(span) === 'bad';

/** What has gone wrong is seen, however short it was. */
function badLast(spans: readonly Span[]): readonly Span[] {
  return [...spans.filter((span) => !isBad(span)), ...spans.filter(isBad)];
}

/** What is under way is full, what waits is light. */
const isSoft = ({ status }: Span): boolean => TONES[status] === 'calm' || TONES[status] === 'held';

/** The tone of a span: of the attempt that it was, how it ended. */
function toneOf({ status, next, code }: Span): Tone {
  if (status !== 'running') return TONES[status];
  if (next === null) return 'busy';
  return code === null
    ? next === 'completed' || next === 'running' || next === 'waiting'
      ? 'good'
      : TONES[next]
    : 'bad';
}

/** The timeline as SVG. */
export function ganttSvg(timeline: Timeline, theme: Theme): string {
  const { rows, startedAt, until, moments, more } = timeline;
  const shown = rows.slice(0, MOST_DRAWN);
  const hidden = more + rows.length - shown.length;
  const length = Math.max(1, until - startedAt);
  const width = MARGIN + LABEL + CHART + MARGIN;
  const height = TOP + shown.length * ROW + (hidden > 0 ? ROW : 0) + MARGIN;
  const x = (at: number): number => MARGIN + LABEL + Math.round(((at - startedAt) / length) * CHART * 10) / 10;
  const bottom = TOP + shown.length * ROW;
  const body: string[] = [];
  for (const tick of ticksIn(length)) {
    const at = x(startedAt + tick);
    body.push(
      `<path class="g" d="M${at} ${TOP - 8}V${bottom}"/>`,
      `<text class="k" x="${at}" y="${TOP - 14}" text-anchor="middle">${tick === 0 ? '0' : roughly(tick)}</text>`,
    );
  }
  const places = new Map(shown.map((row, at) => [row.path, TOP + at * ROW]));
  for (const [at, row] of shown.entries()) body.push(rowOf(row, TOP + at * ROW, at, width, x, until));
  for (const { path, at, what } of moments) {
    const y = places.get(path);
    if (y === undefined) continue;
    const [cx, cy] = [x(at), y + ROW / 2];
    body.push(
      `<path class="o" d="M${cx} ${cy - 5}L${cx + 5} ${cy}L${cx} ${cy + 5}L${cx - 5} ${cy}z"><title>${escaped(what)}</title></path>`,
    );
  }
  if (hidden > 0) body.push(`<text class="k" x="${MARGIN}" y="${bottom + 17}">and ${grouped(hidden)} more</text>`);
  const title = titleOf(timeline);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sb" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(`When each of ${grouped(rows.length)} tracks and steps ran, waited and ended.`)}</desc>`,
    `<style>${toneRules(theme)}${FONT_RULES}${RULES}</style>`,
    `<rect class="p" width="${width}" height="${height}" rx="10"/>`,
    `<text class="h" x="${MARGIN}" y="32">${escaped(fitted(timeline.run, width - 40, 18))}</text>`,
    `<g class="${TONES[timeline.status]}"><text class="d" x="${MARGIN}" y="50">${escaped(`${WORDS[timeline.status]} · ${roughly(until - startedAt)}`)}</text></g>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function rowOf(
  row: TimelineEntry,
  y: number,
  at: number,
  width: number,
  x: (at: number) => number,
  until: number,
): string {
  const depth = Math.min(6, depthOf(row));
  const indent = MARGIN + depth * 12;
  const said = `${row.path === '' ? 'run' : row.path}: ${WORDS[row.status]}`;
  const parts = [
    at % 2 === 0 ? `<rect class="z" x="8" y="${y}" width="${width - 16}" height="${ROW}" rx="4"/>` : '',
    `<text class="${row.noun === 'step' ? 'k' : 'n'}" style="font-size:12px" x="${indent}" y="${y + 16}">${escaped(fitted(nameOf(row), LABEL - depth * 12 - 16, 12.5))}<title>${escaped(said)}</title></text>`,
  ];
  for (const span of badLast(row.spans)) {
    const [from, to] = [x(span.from), x(span.to ?? until)];
    const tall = row.noun === 'step' ? 12 : 5;
    const wide = Math.max(isBad(span) ? 3 : 1.5, Math.round((to - from) * 10) / 10);
    const soft = isSoft(span) ? ' soft' : '';
    parts.push(
      `<g class="${toneOf(span)}"><rect class="s${soft}" x="${from}" y="${y + (ROW - tall) / 2}" width="${wide}" height="${tall}" rx="${row.noun === 'step' ? 3 : 2}"><title>${escaped(saidOf(span, until))}</title></rect></g>`,
    );
  }
  return parts.filter((part) => part !== '').join('');
}

const BLOCK: { readonly [tone in Tone]: string } = {
  plain: '·',
  good: '█',
  busy: '█',
  calm: '░',
  bad: '▓',
  gone: '─',
  undone: '▒',
  held: '░',
};

/** The timeline as text. */
export function ganttText(
  timeline: Timeline,
  { columns, colour }: { readonly columns: number; readonly colour: boolean },
): string {
  const { rows, startedAt, until, status, more } = timeline;
  const label = Math.min(30, Math.floor(columns * 0.32));
  const room = columns - label - 4;
  const length = Math.max(1, until - startedAt);
  const cell = (at: number): number => Math.min(room - 1, Math.floor(((at - startedAt) / length) * room));
  const tone = TONES[status];
  const lines = [`${tinted(SIGNS[tone], tone, colour)} ${cut(plain(titleOf(timeline)), columns - 2)}`];
  const shown = rows.slice(0, MOST_DRAWN);
  for (const row of shown) {
    const cells: { sign: string; tone: Tone }[] = Array.from({ length: room }, () => ({ sign: ' ', tone: 'plain' }));
    for (const span of badLast(row.spans)) {
      const of = toneOf(span);
      for (let at = cell(span.from); at <= cell(Math.max(span.from, (span.to ?? until) - 1)); at += 1)
        cells[at] = { sign: BLOCK[of], tone: of };
    }
    const name = cut(plain(nameOf(row)), label - 2 * Math.min(5, depthOf(row)));
    const indented = `${'  '.repeat(Math.min(5, depthOf(row)))}${name}`;
    const own = TONES[row.status];
    const bar = painted(cells, colour).trimEnd();
    lines.push(
      `${indented}${' '.repeat(Math.max(0, label - columnsOf(indented)))} ${tinted(SIGNS[own], own, colour)} ${bar}`.trimEnd(),
    );
  }
  const hidden = more + rows.length - shown.length;
  if (hidden > 0) lines.push(`and ${grouped(hidden)} more`);
  return `${lines.join('\n')}\n`;
}

function painted(cells: readonly { readonly sign: string; readonly tone: Tone }[], colour: boolean): string {
  let text = '';
  for (let from = 0; from < cells.length; ) {
    const { tone } = cells[from] as { readonly tone: Tone };
    let to = from;
    let run = '';
    while (to < cells.length && cells[to]?.tone === tone) run += cells[to++]?.sign;
    text += run.trim() === '' ? run : tinted(run, tone, colour);
    from = to;
  }
  return text;
}
