/**
 * The mutants of one source file: every single fault that the operators can make in it, as a range and what is to stand
 * there instead; and the same file with a mark in each of its functions, statements and branches, by which is seen which tests reach it.
 * Types, imports and what is there only for the compiler are left alone.
 */
import { createHash } from 'node:crypto';
import { parseAst } from 'vitest/node';

/** One fault. */
export interface Mutant {
  /** Stays the same as long as the text of the file does. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** What is replaced, on one line, for people. */
  readonly before: string;
  /** The place that it stands in, as in `marked`; null outside of all functions. */
  readonly within: number | null;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

type Emit = (node: Node, operator: string, text: string) => void;

const SWAPPED: { readonly [operator: string]: string } = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
  '++': '--',
  '--': '++',
};

/** What each type of node can be made into. */
const OPERATORS: { readonly [type: string]: (node: Node, text: (node: Node) => string, emit: Emit) => void } = {
  IfStatement: (node, _, emit) => both(node.test as Node, emit),
  ConditionalExpression: (node, _, emit) => both(node.test as Node, emit),
  WhileStatement: (node, _, emit) => emit(node.test as Node, 'condition is false', '(false)'),
  ForStatement: (node, _, emit) => void (node.test && emit(node.test as Node, 'condition is false', '(false)')),
  LogicalExpression(node, text, emit) {
    const [left, right, operator] = [node.left as Node, node.right as Node, String(node.operator)];
    if (operator === '??') {
      emit(node, 'left of ??', `(${text(left)})`);
      emit(node, 'right of ??', `(${text(right)})`);
    } else {
      emit(node, `${operator} to ${SWAPPED[operator]}`, `((${text(left)}) ${SWAPPED[operator]} (${text(right)}))`);
      emit(node, `left of ${operator}`, `(${text(left)})`);
      emit(node, `right of ${operator}`, `(${text(right)})`);
    }
  },
  BinaryExpression(node, text, emit) {
    const [left, right, operator] = [node.left as Node, node.right as Node, String(node.operator)];
    const swapped = SWAPPED[operator];
    const isText = [left, right].some(({ type, value }) => type === 'TemplateLiteral' || typeof value === 'string');
    if (swapped === undefined || (operator === '+' && isText)) return;
    emit(node, `${operator} to ${swapped}`, `(${text(left)} ${swapped} ${text(right)})`);
  },
  AssignmentExpression(node, text, emit) {
    const swapped = SWAPPED[String(node.operator)];
    if (swapped === undefined) return;
    const [left, right] = [node.left as Node, node.right as Node];
    emit(node, `${node.operator} to ${swapped}`, `${text(left)} ${swapped} ${text(right)}`);
  },
  UnaryExpression(node, text, emit) {
    if (node.operator === '!') emit(node, 'without !', `(${text(node.argument as Node)})`);
  },
  AwaitExpression: (node, text, emit) => emit(node, 'without await', `(${text(node.argument as Node)})`),
  ExpressionStatement(node, _, emit) {
    // A class is not to touch itself before this.
    if (((node.expression as Node).callee as Node | undefined)?.type !== 'Super') emit(node, 'statement removed', ';');
  },
  ThrowStatement: (node, _, emit) => emit(node, 'throw removed', ';'),
  Literal(node, _, emit) {
    const { value, raw } = node;
    if (raw === 'null') emit(node, 'null to undefined', 'undefined');
    else if (typeof value === 'boolean') emit(node, `${value} to ${!value}`, String(!value));
    // Larger numbers are sizes and pauses that somebody chose; one more or less of them is no fault.
    else if (value === 0 || value === 1) emit(node, `${raw} to ${1 - value}`, String(1 - value));
  },
};

function both(test: Node, emit: Emit): void {
  emit(test, 'condition is true', '(true)');
  emit(test, 'condition is false', '(false)');
}

/** Kept while walking: types, and what stands for the compiler alone. */
function isForTypes({ type }: Node): boolean {
  if (type === 'TSAsExpression' || type === 'TSNonNullExpression' || type === 'TSSatisfiesExpression') return false;
  return type.startsWith('TS') || type === 'ImportDeclaration' || type === 'ExportAllDeclaration';
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Where one statement may stand without braces. */
const BODIES: { readonly [type: string]: readonly string[] } = {
  IfStatement: ['consequent', 'alternate'],
  ForStatement: ['body'],
  ForInStatement: ['body'],
  ForOfStatement: ['body'],
  WhileStatement: ['body'],
};
const BRANCHES: { readonly [type: string]: readonly string[] } = {
  ConditionalExpression: ['consequent', 'alternate'],
  LogicalExpression: ['right'],
};

/** Parts of a node that no fault is made in: names, and texts that people read. */
const SKIPPED = new Set([
  'key',
  'typeAnnotation',
  'typeArguments',
  'typeParameters',
  'returnType',
  'superTypeArguments',
]);

interface Found {
  readonly mutants: readonly Mutant[];
  /** The file with `globalThis.__reach?.(n)` at the head of each place: a function, a statement, what stands behind `?`, `&&` and the like. */
  readonly marked: string;
}

/** All mutants of a file. `first` is the number of its first place. */
export function mutantsOf(file: string, source: string, first: number): Found & { readonly places: number } {
  const root = parseAst(source, { lang: 'ts', sourceType: 'module' } as never) as unknown as Node;
  const mutants: Mutant[] = [];
  const marks: { readonly at: number; readonly text: string }[] = [];
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  let places = 0;

  const text = ({ start, end }: Node): string => source.slice(start, end);
  const lineAt = (at: number): number => source.slice(0, at).split('\n').length;

  const walk = (node: Node, within: number | null): void => {
    if (isForTypes(node)) return;
    // What is `satisfies never` cannot be reached.
    if (node.type === 'ReturnStatement' && /satisfies never;?$/.test(text(node))) return;
    let inside = within;
    if (FUNCTIONS.has(node.type) && node.body) {
      inside = newPlace();
      const body = node.body as Node;
      if (body.type === 'BlockStatement') marks.push({ at: body.start + 1, text: `${reach(inside)};` });
      else markExpression(body, inside);
    }
    const emit: Emit = (at, operator, instead) => {
      const before = text(at).replaceAll(/\s+/g, ' ');
      mutants.push({
        id: `${file}@${hash}#${mutants.length}`,
        file,
        line: lineAt(at.start),
        operator,
        start: at.start,
        end: at.end,
        text: instead,
        before: before.length > 100 ? `${before.slice(0, 97)}...` : before,
        within: inside,
      });
    };
    OPERATORS[node.type]?.(node, text, emit);
    for (const [key, child] of Object.entries(node)) {
      if (SKIPPED.has(key) && node.computed !== true) continue;
      for (const each of Array.isArray(child) ? child : [child])
        if (isNode(each)) walk(each, inside === null ? null : (placeOf(node, key, each) ?? inside));
    }
  };

  const newPlace = (): number => {
    places += 1;
    return first + places - 1;
  };

  /** Marks what may be left out when what is around it is run; null if it may not. */
  const placeOf = ({ type }: Node, key: string, child: Node): number | null => {
    if (isForTypes(child) || child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') return null;
    const isInList = (type === 'BlockStatement' && key === 'body') || (type === 'SwitchCase' && key === 'consequent');
    const isAlone = BODIES[type]?.includes(key) && child.type !== 'BlockStatement';
    const isBranch = BRANCHES[type]?.includes(key);
    if (!isInList && !isAlone && !isBranch) return null;
    const place = newPlace();
    if (isInList) marks.push({ at: child.start, text: `${reach(place)};` });
    else if (isAlone) marks.push({ at: child.start, text: `{${reach(place)};` }, { at: child.end, text: '}' });
    else markExpression(child, place);
    return place;
  };

  const reach = (place: number): string => `globalThis.__reach?.(${place})`;
  const markExpression = ({ start, end }: Node, place: number): void =>
    void marks.push({ at: start, text: `(${reach(place)},` }, { at: end, text: ')' });

  walk(root, null);
  return { mutants, places, marked: withMarks(source, marks) };
}

function withMarks(source: string, marks: readonly { readonly at: number; readonly text: string }[]): string {
  // Of several at one place those that close come first, as they were pushed after what stands before them.
  const sorted = marks
    .map((mark, order) => ({ ...mark, order }))
    .sort((left, right) => left.at - right.at || left.order - right.order);
  let [text, from] = ['', 0];
  for (const { at, text: mark } of sorted) {
    text += source.slice(from, at) + mark;
    from = at;
  }
  return text + source.slice(from);
}

/** The file with one fault. */
export function mutated(source: string, { start, end, text }: Mutant): string {
  return source.slice(0, start) + text + source.slice(end);
}
