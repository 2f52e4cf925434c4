/**
 * Exports of runs that together have everything: steps done, at work, tried again, waited for and put off, people who are asked, signals
 * taken and kept, records of each type, child runs, items, rounds, runs that are paused, that stand still, that are undone, made again
 * and over. What `import-damaged` breaks.
 */
import { createSignalbox, orchestrator, type RunExport, type Signalbox, type Store, task, track } from 'signalbox';
import { Anything, settled, stage } from './stage.ts';
import { head } from './waits.ts';

/** While the documents are made, what is undone stays under way. */
let isHeld = false;
const input = { input: Anything } as const;
const bodies = { input: Anything, output: Anything } as const;
const work = task('work', {
  ...bodies,
  retry: { maxAttempts: 3, delay: '10s', backoff: 'fixed' },
  run: ({ key }) => key,
  compensate: () => (isHeld ? new Promise<void>(() => {}) : undefined),
});
const kept = task('kept', { ...bodies, cache: { ttl: '1h' }, run: () => 1 });
const dear = task('dear', {
  ...bodies,
  retry: { maxAttempts: 3, when: () => true },
  budget: { limit: 1, per: '1h' },
  run: () => 1,
});
const fine = task('fine', { ...bodies, run: () => 1 });
const asking = task('asking', { ...bodies, approval: { ask: 'Begin?', decisions: ['approve', 'edit'] }, run: () => 1 });
const one = (name: string) => track(name, input).step('one', work);

const child = orchestrator('child', head).track('c', track('c', input).wait('w', { signal: 'go' }));
export const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
  .track('a', track('a', input).wait('early', { signal: 'go' }).step('one', work).wait('late', { signal: 'go' }))
  .track(
    'b',
    track('b', input)
      .approval('first', { ask: 'First?', decisions: ['approve', 'reject'] })
      .approval('asked', {
        ask: 'Well?',
        show: () => ({ n: 1 }),
        propose: () => ({ n: 1 }),
        decisions: ['approve', 'edit', 'reject'],
        assignees: { users: ['mia'], roles: ['boss'] },
        excluded: { decidersOf: ['first'] },
        quorum: { approvals: 2, of: 3 },
        expires: '3h',
        remind: '2h',
      }),
  )
  .track('c', track('c', input).map('items', { over: () => [1, 2, 3], each: work, concurrency: 2 }))
  .track('d', track('d', input).loop('rounds', { body: work, while: ({ index }) => index < 1 }))
  .track('e', track('e', input).run('kid', child))
  .track('f', track('f', input).set('set', { color: 'red' }).step('kept', kept).step('dear', dear).step('more', dear))
  .track(
    'g',
    track('g', input)
      .emit('told', { event: 'here', data: () => 1 })
      .sleep('nap', '1h'),
  )
  .track('h', track('h', input).step('asking', asking))
  .track('i', track('i', input).wait('long', { signal: 'never', timeout: '1h', onTimeout: { value: 1 } }), {
    after: ['g'],
  });
export const ending = orchestrator('ending', { ...head, onFailure: 'compensate' }).track(
  'a',
  track('a', input).step('one', work).step('two', work).step('never', fine),
);
const still = orchestrator('still', { ...head, onFailure: 'pause' }).track('a', one('a').step('two', fine));
const again = orchestrator('again', { ...head, concurrency: 1 })
  .track('a', track('a', input).approval('who', { ask: 'Who?' }).step('two', fine))
  .track(
    'b',
    track('b', input)
      .step('one', work)
      .set('set', { color: 'red' })
      .step('may', fine, () => 1, { optional: true })
      .step('two', fine),
  )
  .track('c', track('c', input).approval('other', { ask: 'Other?', excluded: { decidersOf: ['a/who'] } }), {
    after: ['a', 'b'],
  });
const orchestrators = [flow, child, ending, still, again] as const;

/** A box on a desk, or one whose bodies are those of its tasks. */
export async function opened(store?: Store, more: object = {}) {
  const { desk, clock, lines, options } = stage();
  const { executor, ...rest } = options;
  const given = { orchestrators, ...rest, ...more, ...(store === undefined ? { executor } : { store }) };
  const box = clock.follow((await createSignalbox(given as never)) as unknown as Signalbox);
  return { box, desk, clock, lines };
}

/** Says something to an approval, and lets everything happen that needs no time. */
async function say(box: Signalbox, approval: string, decision: string, more: object = {}): Promise<void> {
  const answer = await box.decide(approval, { decision, by: 'mia', ...more } as never);
  if (answer.answer === 'refused' || answer.answer === 'noSuchApproval') throw new Error(JSON.stringify(answer));
  await settled(box);
}

/** The documents, by what they are of. */
export async function documents(): Promise<{ readonly [what: string]: RunExport }> {
  isHeld = true;
  const { box, desk, clock } = await opened();
  const start = async (of: object, id: string, more: object = {}) => {
    const run = await box.start(of as typeof flow, { id, input: { n: 1 }, ...more } as never);
    await settled(box);
    return run;
  };
  const end = async (how: 'give' | 'fail', ...places: readonly string[]) => {
    for (const place of places) {
      if (how === 'give') desk.give(place, 1);
      else desk.fail(place);
      await settled(box);
    }
  };
  /** Without stacks, and with the same ids each time. */
  const documentOf = async (id: string): Promise<RunExport> => {
    await settled(box);
    const ids = new Map<string, string>();
    const known = (key: string, value: unknown): unknown => {
      if (key === 'stack') return undefined;
      if (key !== 'id' || typeof value !== 'string' || !/^[\w-]{21}$/.test(value)) return value;
      if (!ids.has(value)) ids.set(value, `id${ids.size + 1}`);
      return ids.get(value);
    };
    return JSON.parse(JSON.stringify(await box.run(id).export(), known)) as RunExport;
  };

  const run = await start(flow, 'r', { key: 'k', metadata: { tenant: 'a' } });
  await run.signal('go', 1, { id: 'one' });
  await run.signal('go', 2, { id: 'two' });
  await end('fail', 'a/one#1');
  await end('give', 'c/items/0#1', 'd/rounds/0#1', 'f/kept#1', 'f/dear#1');
  await say(box, 'r/b/first#1', 'approve', { by: 'eve', comment: 'yes', id: 'd1' });
  await say(box, 'r/b/asked#1', 'approve', { by: 'ann', roles: ['boss'], id: 'd2' });
  await say(box, 'r/b/asked#1', 'requestInfo', { comment: 'Why?', id: 'd3' });
  await say(box, 'r/b/asked#1', 'delegate', { to: { users: ['tom'] }, id: 'd4' });
  await say(box, 'r/h/asking#1', 'claim', { id: 'd5' });
  await clock.advance('1s');
  const kid = (await box.runs({ parent: 'r' })).runs[0]?.run as string;
  const [flight, below] = [await documentOf('r'), await documentOf(kid)];

  const over = await start(ending, 'over');
  await end('give', 'a/one#1', 'a/two#1', 'a/never#1');
  const undoing = await over.compensate({ by: 'mia', reason: 'no more' });
  const [ended, apart] = [await documentOf('over'), await documentOf(undoing.id)];

  await start(ending, 'bad');
  await end('give', 'a/one#1', 'a/two#1');
  await end('fail', 'a/never#1');
  const undone = await documentOf('bad');

  const pausing = await start(ending, 'held');
  await pausing.pause({ by: 'mia', reason: 'later' });
  const paused = await documentOf('held');

  const standing = await start(still, 'still');
  await end('give', 'a/one#1');
  await end('fail', 'a/two#1');
  await standing.retry('a/two', { by: 'mia', reason: 'once more' } as never);
  await settled(box);
  await end('fail', 'a/two#2');
  const waits = await documentOf('still');

  const first = await start(again, 'first');
  await say(box, 'first/a/who#1', 'approve', { id: 'd6' });
  await end('give', 'a/two#1', 'b/one#1');
  await end('fail', 'b/may#1', 'b/two#1');
  await first.rerun({ from: 'a/two', by: 'mia', reason: 'once more', id: 'second' } as never);
  const [failed, rerun] = [await documentOf('first'), await documentOf('second')];
  await box.close();
  isHeld = false;
  // The small ones first: what is tried in them is tried quickly.
  return { below, paused, undone, apart, ended, waits, rerun, failed, flight };
}
