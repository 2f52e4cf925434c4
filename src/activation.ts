/**
 * Lines of text that start something (P207): `Master Loop für …`, `Conductor Track: …`, `Workflow for: …`, `Checkpoint: …`. They are read
 * here, and handed to whatever an application has for each of the four; nothing is started here.
 */
import { askOptions } from './checks.ts';
import { InvalidOption } from './errors/index.ts';
import { MAX_TEXT, patternOf } from './text.ts';

/** What a line of text asks to be started. */
export type ActivationMode = 'program' | 'track' | 'workflow' | 'checkpoint';

/** What a text asks for. */
export interface Activation {
  readonly mode: ActivationMode;
  /** What it is about: the rest of its line, or the next line that is not empty. Without the quotes around it. */
  readonly subject: string;
  /** What stands below it, up to the next line that asks for something. Empty if there is nothing. */
  readonly details: string;
}

/** What an application does about each. */
export type ActivationTable = { readonly [mode in ActivationMode]?: (activation: Activation) => unknown };

interface Form {
  readonly mode: ActivationMode;
  readonly form: string;
  readonly pattern: RegExp;
}

const FOR = '(?:für|fuer|for)';
/** Not the beginning of a longer word: "Workflow format" asks for nothing. */
const END = '(?:\\s*[:\\uff1a]|\\s|$)';
const MODES: readonly Form[] = Object.freeze([
  { mode: 'program', form: 'Master Loop für', pattern: new RegExp(`^master\\s+loop\\s+${FOR}${END}`, 'i') },
  { mode: 'track', form: 'Conductor Track:', pattern: new RegExp(`^conductor\\s+track(?:\\s+${FOR})?${END}`, 'i') },
  { mode: 'workflow', form: 'Workflow for:', pattern: new RegExp(`^workflow\\s+${FOR}${END}`, 'i') },
  { mode: 'checkpoint', form: 'Checkpoint:', pattern: new RegExp(`^checkpoint(?:\\s+${FOR})?${END}`, 'i') },
]);

const LINE_END = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;
/** Marks that turn text around, and one that cannot be seen at its beginning. Joiners stay: words and emoji are written with them. */
const TURNS = /[\u202a-\u202e\u2066-\u2069\u200b\ufeff]/g;
/** Something that can be meant: a letter, a number, a symbol. */
const something = /* @__PURE__ */ patternOf('[\\p{L}\\p{N}\\p{S}]', 'u');
/** What closes what is opened. */
const QUOTES = new Map(
  Object.entries({
    '"': '"',
    "'": "'",
    '`': '`',
    '“': '”',
    '„': '“”',
    '‘': '’',
    '‚': '‘’',
    '«': '»',
    '»': '«',
    '「': '」',
  }),
);

/**
 * The first line of a text that asks for something, with what it asks; null if none does. The case of letters makes no difference, nor does
 * a colon, and `für` may be `fuer` or `for`. A line that is quoted (`> …`), one with nothing behind it, and one about more than 1,000
 * characters ask for nothing. It never throws.
 *
 * @example
 * activationIn('Master Loop für den Shop\nbis Freitag'); // { mode: 'program', subject: 'den Shop', details: 'bis Freitag' }
 */
export function activationIn(text: string): Activation | null {
  if (typeof text !== 'string') return null;
  let open: { readonly mode: ActivationMode; readonly lines: string[] } | null = null;
  for (const written of text.toWellFormed().normalize('NFC').split(LINE_END)) {
    const line = clean(written);
    const found = modeOf(line);
    if (found === null) open?.lines.push(line);
    else {
      const made = madeOf(open);
      if (made !== null) return made;
      open = { mode: found.mode, lines: [found.rest] };
    }
  }
  return madeOf(open);
}

/**
 * Answers texts by what an application has for each mode. A text that asks for nothing, or for what is not in the table, throws
 * `InvalidOption`, which says what would do.
 *
 * @example
 * const activate = activations({
 *   program: ({ subject, details }) => box.start(delivery, { input: { product: subject, details } }),
 *   workflow: ({ subject }) => box.start(campaign, { input: { topic: subject } }),
 * });
 * const run = await activate('Workflow for: the newsletter');
 */
export function activations<const T extends ActivationTable>(
  table: T,
): (text: string) => ReturnType<NonNullable<T[keyof T & ActivationMode]>> {
  const modes = MODES.map(({ mode }) => mode);
  askOptions('activations', table, modes);
  for (const mode of modes)
    if (table[mode] !== undefined && typeof table[mode] !== 'function')
      throw new InvalidOption({ option: mode, value: table[mode], expected: 'a function' });
  return (text) => {
    const activation = activationIn(text);
    const answer = activation === null ? undefined : table[activation.mode];
    if (activation === null || answer === undefined) {
      const forms = MODES.filter(({ mode }) => table[mode] !== undefined).map(({ form }) => `"${form} …"`);
      const expected = `a line like ${forms.join(', ')}, which says in up to ${MAX_TEXT} characters what it is about`;
      throw new InvalidOption({ option: 'text', value: text, expected });
    }
    return answer(activation) as ReturnType<NonNullable<T[keyof T & ActivationMode]>>;
  };
}

function clean(line: string): string {
  return line.replace(TURNS, '').replace(CONTROLS, ' ').trim();
}

function modeOf(line: string): { readonly mode: ActivationMode; readonly rest: string } | null {
  for (const { mode, pattern } of MODES) {
    const [start] = pattern.exec(line) ?? [];
    if (start !== undefined) return { mode, rest: line.slice(start.length).trim() };
  }
  return null;
}

/** What the lines from one that asks for something up to the next such one come to. */
function madeOf(open: { readonly mode: ActivationMode; readonly lines: readonly string[] } | null): Activation | null {
  if (open === null) return null;
  const { mode, lines } = open;
  const from = lines.findIndex((line) => line !== '');
  if (from === -1) return null;
  const to = closedAt(lines, from);
  const subject =
    to === null
      ? (lines[from] as string)
      : lines
          .slice(from, to + 1)
          .join(' ')
          .slice(1, -1)
          .trim();
  if (subject.length > MAX_TEXT || !something().test(subject)) return null;
  return Object.freeze({
    mode,
    subject,
    details: lines
      .slice((to ?? from) + 1)
      .join('\n')
      .trim(),
  });
}

/** The line at whose end the quote closes that the first one begins with; null if there is none within what a subject may have. */
function closedAt(lines: readonly string[], from: number): number | null {
  const closing = QUOTES.get((lines[from] as string).charAt(0));
  if (closing === undefined) return null;
  let length = 0;
  for (let at = from; at < lines.length && length <= MAX_TEXT; at += 1) {
    const line = lines[at] as string;
    length += line.length;
    if (length > 1 && line !== '' && closing.includes(line.charAt(line.length - 1))) return at;
  }
  return null;
}
