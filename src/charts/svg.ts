/**
 * The drawing of a definition as SVG, without a browser: self-contained, legible on light and dark pages, with a title and a
 * description for those who do not see it. Nothing in it is loaded or run.
 */
import { roughly } from '../duration.ts';
import { digestOf } from '../json.ts';
import { type Box, CARD, type Layout, type DiagramLine, STRIP } from './layout.ts';
import { type Density, grouped, type Mark, type Marks, wordOfMark, WORDS } from './marks.ts';
import { escaped, fitted, widthIn } from './markup.ts';
import type { Outline } from './outline.ts';
import { COLOURS, type Tone, TONES } from './tones.ts';

/** On which pages it will stand: `auto` goes by what the reader's system says. */
export type Theme = 'auto' | 'light' | 'dark';

const FONT = `ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif`;
const TONE_NAMES = /* @__PURE__ */ Object.keys(COLOURS) as readonly Tone[];

/** Colours as variables of the drawing itself: several may stand in one page. */
export function toneRules(theme: Theme): string {
  const [light, dark] = ([0, 3] as const).map((from) => {
    const page = from === 0 ? '--b:#ffffff;--t:#1f2328;--f:#fbfcfd;' : '--b:#0d1117;--t:#e6edf3;--f:#10161e;';
    const tones = TONE_NAMES.map((tone) => {
      const [line, ground, text] = COLOURS[tone].slice(from);
      return `--${tone}-l:${line};--${tone}-g:${ground};--${tone}-t:${text};`;
    });
    return `.sb{${page}${tones.join('')}}`;
  });
  const tones = TONE_NAMES.map(
    (tone) => `.sb .${tone}{--l:var(--${tone}-l);--g:var(--${tone}-g);--s:var(--${tone}-t)}`,
  );
  const themes =
    theme === 'light' ? light : theme === 'dark' ? dark : `${light}@media(prefers-color-scheme:dark){${dark}}`;
  return `${themes}${tones.join('')}`;
}

/** Letters, and the page behind them. */
export const FONT_RULES = /* @__PURE__ */ [
  `.sb text{font-family:${FONT};fill:var(--t)}`,
  '.sb .p{fill:var(--b)}',
  '.sb .n{font-size:13px;font-weight:600}',
  '.sb .d,.sb .k{font-size:11px}',
  '.sb .d{fill:var(--s)}',
  '.sb .k{fill:var(--plain-t)}',
  '.sb .e{text-anchor:end}',
  '.sb .h{font-size:18px;font-weight:700}',
].join('');

const SHAPES = /* @__PURE__ */ [
  '.sb .c{fill:var(--g);stroke:var(--l);stroke-width:1.2}',
  '.sb .r{fill:var(--f);stroke:var(--l);stroke-width:1.2}',
  '.sb .gone .c{stroke-dasharray:4 3}',
  '.sb .w{fill:none;stroke:var(--plain-t);stroke-width:1.3;opacity:.75}',
  '.sb .m{stroke-dasharray:4 4}',
  '.sb .a{fill:var(--plain-t);opacity:.75}',
  '.sb .i{fill:none;stroke:var(--s);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}',
  '.sb .x{fill:var(--plain-l);opacity:.45}',
  '.sb .xd{fill:var(--good-l)}.sb .xf{fill:var(--bad-t)}.sb .xl{fill:var(--busy-l)}',
].join('');

/** A sign for each tone, in a square of 14. */
const SIGN_PATHS: { readonly [tone in Tone]: string } = {
  plain: 'M7 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 1 0 0-5',
  good: 'M2.5 7.5 5.5 10.5 11.5 3.5',
  busy: 'M12 7a5 5 0 1 1-5-5M7 5.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 1 0 0-3',
  calm: 'M7 2a5 5 0 1 0 0 10 5 5 0 1 0 0-10M7 4.3V7l2 1.5',
  bad: 'M3 3 11 11M11 3 3 11',
  gone: 'M3 7H11',
  undone: 'M3 5.5H9a2.7 2.7 0 1 1 0 5.4H5M3 5.5 5.5 3M3 5.5 5.5 8',
  held: 'M5 3V11M9 3V11',
};

/** The drawing, with what a run has to say if there is one. */
export function svgOf(outline: Outline, layout: Layout, marks: Marks | null, theme: Theme): string {
  const { width, height, boxes, lines } = layout;
  const title = titleOf(outline, marks);
  const body: string[] = [];
  for (const box of boxes) if (box.isFrame) body.push(frame(box, marks));
  for (const line of lines) body.push(lineOf(line));
  for (const box of boxes) if (!box.isFrame) body.push(card(box, marks));
  const id = digestOf(title).slice(0, 8);
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sb" role="img" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" aria-labelledby="sb-${id}-t sb-${id}-d">`,
    `<title id="sb-${id}-t">${escaped(title)}</title>`,
    `<desc id="sb-${id}-d">${escaped(described(outline, marks))}</desc>`,
    `<style>${toneRules(theme)}${FONT_RULES}${SHAPES}</style>`,
    '<defs><marker id="sb-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="a" d="M0 .6 7.4 4 0 7.4z"/></marker></defs>',
    `<rect class="p" width="${w}" height="${h}" rx="10"/>`,
    heading(outline, marks, w),
    ...body,
    '</svg>\n',
  ].join('\n');
}

function titleOf({ name, version }: Outline, marks: Marks | null): string {
  return marks === null
    ? `${name}, version ${version}`
    : `${name}, version ${version}: run ${marks.run} is ${WORDS[marks.status]}`;
}

/** For those who do not see it: how many parts there are, and how those stand that have begun. */
function described({ parts }: Outline, marks: Marks | null): string {
  const steps = parts.filter(({ noun }) => noun === 'step').length;
  const tracks = parts.filter(({ noun }) => noun === 'track').length;
  const size = `${grouped(tracks)} ${tracks === 1 ? 'track' : 'tracks'} and ${grouped(steps)} ${steps === 1 ? 'step' : 'steps'}.`;
  if (marks === null) return size;
  const begun = [...marks.of]
    .slice(0, 50)
    .map(([path, mark]) => `${path}: ${wordOfMark(mark)}${mark.note === '' ? '' : ` (${mark.note})`}`);
  const more = marks.of.size > 50 ? ` And ${grouped(marks.of.size - 50)} more.` : '';
  return `${size} ${begun.join('; ')}.${more}`;
}

function heading({ name, version, parts }: Outline, marks: Marks | null, width: number): string {
  const room = width - 40;
  const steps = parts.filter(({ noun }) => noun === 'step').length;
  const size = `version ${version} · ${grouped(steps)} ${steps === 1 ? 'step' : 'steps'}`;
  const head = `<text class="h" x="20" y="32">${escaped(fitted(name, room, 18))}</text>`;
  if (marks === null) return `${head}<text class="d plain" x="20" y="50">${escaped(fitted(size, room, 11))}</text>`;
  const { status, took, run, error } = marks;
  const said = [`version ${version}`, `run ${run}`, WORDS[status]];
  if (took !== null) said.push(roughly(took));
  if (error !== null) said.push(error.path === null ? error.code : `${error.code} at ${error.path}`);
  return `${head}<g class="${TONES[status]}">${sign(TONES[status], 20, 40)}<text class="d" x="39" y="51">${escaped(fitted(said.join(' · '), room - 19, 11))}</text></g>`;
}

function sign(tone: Tone, x: number, y: number): string {
  return `<path class="i" transform="translate(${round(x)} ${round(y)})" d="${SIGN_PATHS[tone]}"/>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** What is shown when a mouse rests on it: everything, also what there was no room for. */
function tip({ part }: Box, mark: Mark | null): string {
  const { path, kind, detail } = part;
  const said = [path, detail === '' ? kind : `${kind}: ${detail}`];
  if (mark !== null)
    said.push(
      [wordOfMark(mark), mark.note, mark.took === null ? '' : roughly(mark.took)]
        .filter((each) => each !== '')
        .join(', '),
    );
  if (part.optional) said.push('may fail');
  return `<title>${escaped(said.join('\n'))}</title>`;
}

interface Look {
  readonly mark: Mark | null;
  readonly tone: Tone;
  /** Below the name: how it stands, or else what it is. */
  readonly below: string;
  readonly time: string;
}

function lookOf({ part }: Box, marks: Marks | null): Look {
  const mark = marks?.of.get(part.path) ?? null;
  const closed = part.hidden > 0 ? `${grouped(part.hidden)} steps that are not drawn` : '';
  const what = closed !== '' ? closed : part.detail === '' || part.detail === part.name ? part.kind : part.detail;
  if (mark === null) return { mark, tone: 'plain', below: what, time: '' };
  const said = mark.note === '' ? wordOfMark(mark) : mark.note;
  return { mark, tone: TONES[mark.status], below: said, time: mark.took === null ? '' : roughly(mark.took) };
}

function card(box: Box, marks: Marks | null): string {
  const { x, y, width, part } = box;
  const { mark, tone, below, time } = lookOf(box, marks);
  const dashed = part.optional ? ' m' : '';
  const right = time === '' ? 0 : widthIn(time, 11) + 8;
  const stack = part.repeats
    ? `<rect class="c" x="${round(x + 4)}" y="${round(y + 4)}" width="${width}" height="${CARD.height}" rx="8"/>`
    : '';
  return [
    `<g class="${tone}">${tip(box, mark)}${stack}<rect class="c${dashed}" x="${round(x)}" y="${round(y)}" width="${width}" height="${CARD.height}" rx="8"/>`,
    sign(tone, x + 11, y + 10),
    `<text class="n" x="${round(x + 33)}" y="${round(y + 21)}">${escaped(fitted(part.name, width - 47 - right, 13.5))}</text>`,
    time === '' ? '' : `<text class="k e" x="${round(x + width - 11)}" y="${round(y + 21)}">${escaped(time)}</text>`,
    `<text class="d" x="${round(x + 33)}" y="${round(y + 36)}">${escaped(fitted(below, width - 46, 11.6))}</text></g>`,
  ].join('');
}

function frame(box: Box, marks: Marks | null): string {
  const { x, y, width, height, part } = box;
  const { mark, tone, below, time } = lookOf(box, marks);
  const dashed = part.optional ? ' m' : '';
  const right = time === '' ? 0 : widthIn(time, 11) + 8;
  const outline = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="12"`;
  const strip = part.repeats ? stripOf(mark?.strip ?? null, x + 14, y + height - STRIP, width - 28) : '';
  return [
    `<g class="${tone}">${tip(box, mark)}<rect class="r${dashed}" ${outline}/>`,
    sign(tone, x + 13, y + 10),
    `<text class="n" x="${round(x + 35)}" y="${round(y + 21)}">${escaped(fitted(part.name, width - 49 - right, 13.5))}</text>`,
    time === '' ? '' : `<text class="k e" x="${round(x + width - 14)}" y="${round(y + 21)}">${escaped(time)}</text>`,
    `<text class="d" x="${round(x + 35)}" y="${round(y + 35)}">${escaped(fitted(below, width - 52, 11.6))}</text>${strip}</g>`,
  ].join('');
}

/** A cell is filled from below: what is done, what goes on, and above what has gone wrong. */
function stripOf(strip: readonly Density[] | null, x: number, y: number, width: number): string {
  const [top, room] = [y + 3, 12];
  const ground = `<rect class="x" x="${round(x)}" y="${round(top)}" width="${round(width)}" height="${room}" rx="3"/>`;
  if (strip === null) return ground;
  const each = width / strip.length;
  const gap = each > 4 ? 1 : 0;
  const cells: string[] = [];
  for (const [at, { done, failed, live }] of strip.entries()) {
    let bottom = top + room;
    // What has failed is never too little to be seen.
    const parts = [
      ['xd', done * room],
      ['xl', live * room],
      ['xf', failed === 0 ? 0 : Math.max(3, failed * room)],
    ] as const;
    for (const [tone, tall] of parts) {
      if (tall <= 0) continue;
      const from = Math.max(top, bottom - tall);
      cells.push(
        `<rect class="${tone}" x="${round(x + at * each)}" y="${round(from)}" width="${round(each - gap)}" height="${round(Math.min(tall, top + room - from))}"/>`,
      );
      bottom = from;
    }
  }
  return `${ground}${cells.join('')}`;
}

function lineOf({ start, end, way, isPerhaps }: DiagramLine): string {
  const tone = isPerhaps ? 'w m' : 'w';
  const [x1, y1, x2, y2] = [round(start.x), round(start.y), round(end.x), round(end.y)];
  const middle = round((x1 + x2) / 2);
  const curve = way === 'side' ? `C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` : elbow(x1, y1, x2, y2);
  return `<path class="${tone}" marker-end="url(#sb-arrow)" d="M${x1} ${y1}${curve}"/>`;
}

/** Down, across and down again, round at the corners. */
function elbow(x1: number, y1: number, x2: number, y2: number): string {
  const across = Math.abs(x2 - x1);
  if (across < 1) return `L${x2} ${y2}`;
  const corner = Math.min(6, across / 2);
  const way = x2 > x1 ? corner : -corner;
  const middle = y1 + 7;
  return `V${middle - corner}Q${x1} ${middle} ${round(x1 + way)} ${middle}H${round(x2 - way)}Q${x2} ${middle} ${x2} ${round(middle + corner)}V${y2}`;
}
