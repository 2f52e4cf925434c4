/** The course of a run as a Mermaid sequence diagram: who told whom what. Of a long run, its beginning. */
import { fromMs } from '../duration.ts';
import type { RunEvent } from '../events.ts';
import { grouped } from './marks.ts';
import { quoted } from './mermaid.ts';

const MOST_MESSAGES = 200;

/** The diagram of the events of a run. */
export async function sequenceOf(
  orchestrator: string,
  events: AsyncIterable<RunEvent> | Iterable<RunEvent>,
): Promise<string> {
  const tracks = new Map<string, string>();
  const messages: string[] = [];
  let left = 0;
  for await (const event of events) {
    const message = messageOf(event, (path) => trackOf(tracks, path));
    if (message === null) continue;
    if (messages.length === MOST_MESSAGES) {
      left += 1;
      continue;
    }
    messages.push(message);
  }
  const lines = ['sequenceDiagram'];
  if (messages.some((message) => /^O|>>O:/.test(message))) lines.push('  participant O as outside');
  lines.push(`  participant R as ${quoted(orchestrator)}`);
  for (const [path, id] of tracks) lines.push(`  participant ${id} as ${quoted(path)}`);
  if (messages.some((message) => /^B|>>B:/.test(message))) lines.push('  participant B as steps');
  for (const message of messages) lines.push(`  ${message}`);
  if (left > 0) lines.push(`  Note over R: and ${grouped(left)} more events`);
  return `${lines.join('\n')}\n`;
}

/** The participant of a path: its track. */
function trackOf(tracks: Map<string, string>, path: string): string {
  const [name = ''] = path.split('/');
  if (name === '') return 'R';
  let id = tracks.get(name);
  if (id === undefined) {
    id = `T${tracks.size}`;
    tracks.set(name, id);
  }
  return id;
}

function messageOf(event: RunEvent, participant: (path: string) => string): string | null {
  const { type, path } = event;
  const noun = type.slice(0, type.indexOf('.'));
  const happened = type.slice(type.indexOf('.') + 1);
  const who = participant(path);
  const step = quoted(path.slice(path.indexOf('/') + 1));
  const code = 'error' in event ? `: ${quoted(event.error?.code ?? 'it left no error')}` : '';
  if (noun === 'signal') return 'signal' in event ? `O->>${who}: signal ${quoted(event.signal)}` : null;
  if (type === 'user.emitted') return `${who}-->>O: ${quoted(event.name)}`;
  if (type === 'children.skipped' || happened === 'progress') return null;
  if (noun === 'run') return path === '' && happened === 'started' ? null : `Note over R: ${happened}${code}`;
  if (noun === 'track') {
    if (path.includes('/')) return null;
    if (happened === 'started') return `R->>${who}: begin`;
    return `${who}${code === '' ? '-->>' : '--x'}R: ${happened}${code}`;
  }
  const attempt = 'attempt' in event && event.attempt > 1 ? `, attempt ${event.attempt}` : '';
  switch (type) {
    case 'step.started':
      return `${who}->>B: ${step}${attempt}`;
    case 'step.retrying':
      return `B--x${who}: ${step}${code}, again in ${quoted(fromMs(event.delay))}`;
    case 'step.completed':
      return `B-->>${who}: ${step} completed`;
    case 'step.failed':
    case 'step.timedOut':
      return `B--x${who}: ${step} ${happened}${code}`;
    default:
      return `Note over ${who}: ${step} ${happened}${code}`;
  }
}
