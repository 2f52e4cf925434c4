/**
 * Writes docs/machines.md: the machine of each kind as a diagram, drawn from the machine itself. `npm run diagrams`; a test says so
 * when the page is not what the machines are.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { builtInKinds } from '../src/machines/index.ts';

const PAGE = join(import.meta.dirname, '..', 'docs', 'machines.md');

const HEAD = `# The machines

Each kind of step is one flat XState machine; kinds whose machines are alike share a diagram. A row of a step says in which of these states it
is, and which may follow is all there is to its life. An arrow has the events that lead from state to state; what a machine is told by the
end of what it has invoked is written as \`<actor> done\` or \`<actor> failed\`. Behind a state stands the actor that it invokes, which
is what a step in this state waits for.

This page is drawn from the machines by \`npm run diagrams\`.
`;

/** An event as a reader knows it. */
function called(event: string): string {
  const end = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event);
  if (end === null) return event;
  return `${end[2]} ${end[1] === 'done' ? 'done' : 'failed'}`;
}

function diagramOf(machine: AnyStateMachine): string {
  const lines: string[] = [];
  const edges = new Map<string, Set<string>>();
  for (const [state, node] of Object.entries(machine.states)) {
    const [invoked] = node.invoke;
    if (invoked !== undefined) lines.push(`  ${state}: ${state} (${invoked.id})`);
    const all = [
      ...[...node.transitions].flatMap(([event, each]) => each.map((one) => [called(event), one] as const)),
      ...(node.always ?? []).map((one) => ['at once', one] as const),
    ];
    for (const [event, { target }] of all)
      for (const { key } of target ?? []) {
        const edge = `${state} --> ${key}`;
        edges.set(edge, (edges.get(edge) ?? new Set()).add(event));
      }
    if (node.type === 'final') edges.set(`${state} --> [*]`, new Set());
  }
  for (const [edge, events] of edges) lines.push(`  ${edge}${events.size === 0 ? '' : `: ${[...events].join(', ')}`}`);
  return ['stateDiagram-v2', '  [*] --> pending', ...lines].join('\n');
}

/** The page as the machines are now. */
export function machinesPage(): string {
  const kinds = new Map<string, string[]>();
  for (const name of builtInKinds.names()) {
    const diagram = diagramOf(builtInKinds.get(name).machine);
    kinds.set(diagram, [...(kinds.get(diagram) ?? []), name]);
  }
  const sections = [...kinds].map(
    ([diagram, names]) => `## ${names.join(', ')}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`,
  );
  return [HEAD, ...sections].join('\n');
}

/** The page as it stands. */
export function machinesPageOnDisk(): string {
  return readFileSync(PAGE, 'utf8');
}

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, machinesPage());
