/** The drawing of a definition as a Mermaid state diagram, for pages that draw such. Names are texts in it, and never syntax. */
import { roughly } from '../duration.ts';
import { patternOf } from '../text.ts';
import { type Marks, wordOfMark } from './marks.ts';
import type { Outline, Part } from './outline.ts';
import { COLOURS, type Tone, TONES } from './tones.ts';

const signs = /* @__PURE__ */ patternOf('[^\\p{L}\\p{N} ._,\\-/…]', 'gu');

/** A text for Mermaid, in which most signs mean something: what is no letter, digit or harmless sign is an entity. */
export function quoted(text: string): string {
  return text.toWellFormed().replace(signs(), (character) => `#${character.codePointAt(0)};`);
}

interface Drawing {
  readonly lines: string[];
  readonly ids: ReadonlyMap<Part, string>;
  readonly marks: Marks | null;
}

/** A state for each part, composite states for what has others in it, and the colours of a run if there is one. */
export function mermaidOf(outline: Outline, marks: Marks | null): string {
  const ids = new Map(outline.parts.map((part, at) => [part, `s${at}`]));
  const drawing: Drawing = { lines: ['stateDiagram-v2', '  direction LR'], ids, marks };
  inside(outline.root, '  ', drawing);
  if (marks !== null) {
    const tones = new Map<Tone, string[]>();
    for (const part of outline.parts) {
      const mark = marks.of.get(part.path);
      if (mark === undefined || part.children.length > 0) continue;
      const tone = TONES[mark.status];
      tones.set(tone, [...(tones.get(tone) ?? []), ids.get(part) as string]);
    }
    for (const [tone, states] of tones) {
      const [line, ground, text] = COLOURS[tone];
      drawing.lines.push(
        `  classDef ${tone} fill:${ground},stroke:${line},color:${text}`,
        `  class ${states.join(',')} ${tone}`,
      );
    }
  }
  return `${drawing.lines.join('\n')}\n`;
}

function label(part: Part, marks: Marks | null): string {
  const mark = marks?.of.get(part.path);
  if (mark === undefined)
    return part.detail === '' || part.detail === part.name ? part.name : `${part.name} – ${part.detail}`;
  const said = [mark.note === '' ? wordOfMark(mark) : mark.note, mark.took === null ? '' : roughly(mark.took)];
  return `${part.name} – ${said.filter((each) => each !== '').join(', ')}`;
}

function inside(part: Part, indent: string, drawing: Drawing): void {
  const { lines, ids, marks } = drawing;
  const { children, shape, catches } = part;
  const id = (child: Part | undefined): string => (child === undefined ? '[*]' : (ids.get(child) as string));
  for (const child of children) {
    const name = quoted(label(child, marks));
    if (child.children.length === 0) {
      lines.push(`${indent}state "${name}" as ${id(child)}`);
      continue;
    }
    lines.push(`${indent}state "${name}" as ${id(child)} {`);
    inside(child, `${indent}  `, drawing);
    lines.push(`${indent}}`);
  }
  const arrow = (from: Part | undefined, to: Part | undefined, words = ''): void =>
    void lines.push(`${indent}${id(from)} --> ${id(to)}${words === '' ? '' : `: ${words}`}`);
  if (shape === 'chain') {
    const steps = catches ? children.slice(0, -1) : children;
    for (const [at, child] of steps.entries()) arrow(at === 0 ? undefined : steps[at - 1], child);
    arrow(steps.at(-1), undefined);
    if (catches) arrow(steps.at(-1), children.at(-1), 'if one fails');
    return;
  }
  if (shape === 'items' || shape === 'rounds') {
    const [body] = children;
    arrow(undefined, body, shape === 'items' ? 'each item' : 'each round');
    arrow(body, undefined);
    return;
  }
  const waited = new Set(children.flatMap(({ after }) => after));
  for (const [at, child] of children.entries()) {
    if (child.after.length === 0) arrow(undefined, child, shape === 'late' ? 'time is up' : '');
    for (const before of child.after) arrow(children[before], child);
    if (!waited.has(at)) arrow(child, undefined);
  }
}
