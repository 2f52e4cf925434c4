/** What is new in a value beside what it was before, as lines that people can read: of an object, what is new in its parts. */

/** What changes nothing that anybody sees, or is not of the run. */
const LEFT_OUT = new Set(['stack']);
/** Values of those who use it: said as they are. */
const VALUES = new Set(['input', 'output', 'outputs', 'value', 'data', 'metadata', 'proposed', 'form', 'patch']);
/** Of a line. */
const LONGEST = 200;

type Fold = (name: string, value: unknown) => unknown;

export function written(value: unknown, fold: Fold): string {
  if (value === undefined) return '<undefined>';
  return JSON.stringify(value, (name, each) => {
    if (LEFT_OUT.has(name)) return undefined;
    return each === undefined ? '<undefined>' : fold(name, each);
  });
}

/** What is new in a value: of an object, what is new in its parts; otherwise its text. Null if nothing is. */
type News = string | readonly (readonly [part: string, news: News])[] | null;

export function newsOf(before: unknown, given: unknown, fold: Fold): News {
  if (isThing(given) && typeof fold('', given) === 'string')
    return before !== undefined && written(before, fold) === written(given, fold) ? null : written(given, fold);
  const after = given;
  const isThere = before !== undefined;
  if (isThere && written(before, fold) === written(after, fold)) return null;
  if (!isThing(after) || (isThere && (!isThing(before) || Array.isArray(before) !== Array.isArray(after))))
    return written(after, fold);
  const [known, parts] = [partsOf(before ?? {}), partsOf(after)];
  if (parts.size === 0 || (Array.isArray(after) && !after.some(isThing))) return written(after, fold);
  const news: [string, News][] = [];
  for (const [key, value] of parts) {
    if (LEFT_OUT.has(key) || (!isThere && isUsual(value, key))) continue;
    const [old, name] = [known.has(key) ? (known.get(key) ?? null) : undefined, fold('', key) as string];
    const found = VALUES.has(key) ? valueIn(old, value, fold) : newsOf(old, value, fold);
    if (found !== null) news.push([name, found]);
  }
  for (const key of known.keys()) if (!parts.has(key)) news.push([fold('', key) as string, 'gone']);
  return news;
}

/** Of what somebody has handed in or been given, all of it, when there is anything new in it. */
function valueIn(before: unknown, after: unknown, fold: Fold): News {
  return written(before, fold) === written(after, fold) ? null : written(after, fold);
}

/** The parts of an object, or of a list: by what they are called, if they are called anything. */
function partsOf(value: object): ReadonlyMap<string, unknown> {
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  for (const name of ['id', 'path', 'run']) {
    const names = value.map((each) =>
      isThing(each) ? (each as { readonly [name: string]: unknown })[name] : undefined,
    );
    if (names.some((each) => each === undefined) || new Set(names).size < names.length) continue;
    return new Map(value.map(({ [name]: called, ...each }) => [String(called), each]));
  }
  return new Map(value.map((each, at) => [String(at), each]));
}

/** Nothing at all: of what is new it is not said. What should be there, and is not, is `undefined`. */
export function isUsual(value: unknown, name = ''): boolean {
  if (value === undefined) return false;
  const isNothing = VALUES.has(name) ? value === null : !value;
  return isNothing || (isThing(value) && Object.keys(value).length === 0);
}

/** What is new, each piece on a line of its own, or with others where `together` are not too long. */
export function printed(path: string, news: News, together = LONGEST): string[] {
  if (news === null) return [];
  const whole = `${path}: ${compact(news)}`;
  if (typeof news === 'string' || whole.length <= together) return [whole];
  const lines: string[] = [];
  let line: string[] = [];
  const flush = (): void => {
    if (line.length > 0) lines.push(`${path}: ${line.join(', ')}`);
    line = [];
  };
  for (const [part, found] of news) {
    const piece = `${part}: ${compact(found)}`;
    const isLong = path.length + piece.length > LONGEST && typeof found !== 'string';
    if (isLong || path.length + [...line, piece].join(', ').length > together) flush();
    if (isLong) lines.push(...printed(`${path} ${part}`, found, together));
    else line.push(piece);
  }
  flush();
  return lines;
}

function compact(news: News): string {
  if (news === null || typeof news === 'string') return String(news);
  if (news.length === 0) return 'nothing';
  return `{ ${news.map(([part, found]) => `${part}: ${compact(found)}`).join(', ')} }`;
}

export function isThing(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
