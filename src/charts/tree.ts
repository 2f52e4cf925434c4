/** The drawing of a definition as text for a terminal: a tree that fits its columns, with a sign for how each part stands. */
import { roughly } from '../duration.ts';
import { patternOf } from '../text.ts';
import { type Density, grouped, type Mark, type Marks, wordOfMark, WORDS } from './marks.ts';
import type { Outline, Part } from './outline.ts';
import { ANSI, SIGNS, type Tone, TONES } from './tones.ts';

export interface TreeOptions {
  readonly columns: number;
  /** With the colours of the terminal. */
  readonly colour: boolean;
}

const controls = /* @__PURE__ */ patternOf('[\\p{Cc}\\p{Cf}\\u2028\\u2029]', 'gu');

/** What a terminal would take for a command is left out. */
export function plain(text: string): string {
  return text.toWellFormed().replace(controls(), ' ');
}

/** As many columns as a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += (character.codePointAt(0) as number) > 0x2e7f ? 2 : 1;
  return columns;
}

/** A text that takes so many columns at the most. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let room = Math.max(1, columns) - 1;
  let kept = '';
  for (const character of text) {
    room -= columnsOf(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A text in the colour of a tone. */
export function tinted(text: string, tone: Tone, colour: boolean): string {
  return colour && text !== '' ? `\u001b[${ANSI[tone]}m${text}\u001b[0m` : text;
}

/** The tree, a line for each part. */
export function treeOf(outline: Outline, marks: Marks | null, options: TreeOptions): string {
  const lines = [head(outline, marks, options)];
  below(outline.root, '', marks, options, lines);
  return `${lines.join('\n')}\n`;
}

function head({ name, version }: Outline, marks: Marks | null, { columns, colour }: TreeOptions): string {
  if (marks === null) return cut(plain(`${name}, version ${version}`), columns);
  const { run, status, took, error } = marks;
  const tone = TONES[status];
  const parts = [`${name}, version ${version}`, `run ${run}`, WORDS[status]];
  if (took !== null) parts.push(roughly(took));
  if (error !== null) parts.push(error.path === null ? error.code : `${error.code} at ${error.path}`);
  return `${tinted(SIGNS[tone], tone, colour)} ${cut(plain(parts.join(' · ')), columns - 2)}`;
}

function below(part: Part, indent: string, marks: Marks | null, options: TreeOptions, lines: string[]): void {
  const { children } = part;
  for (const [at, child] of children.entries()) {
    const isLast = at === children.length - 1;
    const isDeep = columnsOf(indent) > options.columns / 2;
    lines.push(lineOf(part, child, `${indent}${isLast ? '└─ ' : '├─ '}`, marks, options));
    if (isDeep && child.children.length > 0) lines.push(`${indent}${isLast ? '   ' : '│  '}└─ …`);
    else below(child, `${indent}${isLast ? '   ' : '│  '}`, marks, options, lines);
  }
}

function lineOf(parent: Part, part: Part, lead: string, marks: Marks | null, { columns, colour }: TreeOptions): string {
  const mark = marks?.of.get(part.path) ?? null;
  const tone = mark === null ? 'plain' : TONES[mark.status];
  const time = mark?.took == null ? '' : roughly(mark.took);
  const sign = marks === null ? '' : `${mark?.isKnown === false ? '?' : SIGNS[tone]} `;
  const strip = part.repeats && mark?.strip != null ? barOf(mark.strip) : '';
  const room = columns - columnsOf(lead) - columnsOf(sign) - (time === '' ? 0 : columnsOf(time) + 2);
  const name = cut(plain(part.name), Math.max(8, Math.floor(room * 0.6)));
  const rest = [strip, saidOf(parent, part, mark)].filter((each) => each !== '').join(' ');
  const said = room - columnsOf(name) < 8 || rest === '' ? '' : `  ${cut(plain(rest), room - columnsOf(name) - 2)}`;
  const gap = time === '' ? '' : ' '.repeat(Math.max(2, columns - columnsOf(`${lead}${sign}${name}${said}${time}`)));
  const toneOfRest = mark === null ? 'plain' : tone;
  return `${lead}${tinted(sign, tone, colour)}${name}${tinted(said, toneOfRest, colour)}${tinted(`${gap}${time}`, 'plain', colour)}`;
}

/** How it stands, or else what it is. */
function saidOf(parent: Part, part: Part, mark: Mark | null): string {
  if (mark?.isKnown === false) return wordOfMark(mark);
  if (mark !== null && mark.status !== 'pending')
    return mark.note === '' ? (mark.status === 'completed' ? '' : WORDS[mark.status]) : mark.note;
  const said: string[] = [];
  if (part.after.length > 0 && parent.shape === 'graph')
    said.push(`after ${part.after.map((ordinal) => parent.children[ordinal]?.name).join(', ')}`);
  if (part.detail !== '' && part.detail !== part.name) said.push(part.detail);
  else if (part.noun === 'step' && said.length === 0) said.push(part.kind);
  if (part.hidden > 0) said.push(`${grouped(part.hidden)} steps that are not drawn`);
  if (part.optional) said.push('may fail');
  return said.join(', ');
}

const BAR = 20;

/** `[█████▒▒!···]`: done, under way, gone wrong. */
export function barOf(strip: readonly Density[]): string {
  const cells = Math.min(BAR, strip.length);
  let bar = '';
  for (let cell = 0; cell < cells; cell += 1) {
    const from = Math.floor((cell * strip.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * strip.length) / cells));
    const some = strip.slice(from, to);
    if (some.some(({ failed }) => failed > 0)) bar += '!';
    else if (some.every(({ done }) => done === 1)) bar += '█';
    else if (some.some(({ done, live }) => done + live > 0)) bar += some.some(({ live }) => live > 0) ? '▒' : '▓';
    else bar += '·';
  }
  return `[${bar}]`;
}
