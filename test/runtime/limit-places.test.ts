/** Limits of several places in one box (S30): each track has its own, and a rate goes on beside limits without one. */
import { type AnyOrchestrator, createSignalbox, orchestrator, type Signalbox, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, Desk, never, settled, stage } from '../helpers/stage.ts';

const input = { input: Anything };
const head = { version: '1', ...input };
const body = { ...input, output: Anything, run: never };
const plain = task('plain', body);

async function opened(...orchestrators: readonly AnyOrchestrator[]) {
  const { clock, options } = stage();
  const keys: string[] = [];
  const desk = new Desk();
  const executor = () => ({
    execute(job: Parameters<Desk['execute']>[0], answer: Parameters<Desk['execute']>[1]) {
      keys.push(job.key);
      desk.execute(job, answer);
    },
  });
  const made = await createSignalbox({ orchestrators, ...options, executor } as never);
  const box = clock.follow(made as unknown as Signalbox);
  const start = async (of: AnyOrchestrator, id: string): Promise<void> => {
    await box.start(of, { id, input: null });
    await settled(box);
  };
  return { clock, desk, keys, start, [Symbol.asyncDispose]: () => box.close() };
}

test('two tracks of one orchestrator share no place, though their steps call one task', async () => {
  const side = (name: string) => track(name, { ...input, bodies: 1 }).step('s', plain);
  const flow: AnyOrchestrator = orchestrator('flow', head)
    .track('left', side('left'))
    .track('right', side('right')) as never;
  await using at = await opened(flow);
  for (const id of ['a', 'b']) await at.start(flow, id);
  expect(at.keys).toEqual(['a/left/s#1', 'a/right/s#1']);
});

describe('the limit of a track is', () => {
  const inside = (name: string, version: string, within: ReturnType<typeof narrow>): AnyOrchestrator =>
    orchestrator(name, { version, ...input }).track('t', within) as never;
  const narrow = (bodies: number) => track('t', { ...input, bodies }).step('s', plain);

  test('one for all of its uses, in whatever orchestrators', async () => {
    const shared = narrow(1);
    const [one, other] = [inside('one', '1', shared), inside('other', '1', shared)];
    await using at = await opened(one, other);
    await at.start(one, 'a');
    await at.start(other, 'b');
    expect(at.keys).toEqual(['a/t/s#1']);
  });

  test('one for the versions of an orchestrator', async () => {
    const [one, next] = [inside('one', '1', narrow(1)), inside('one', '2', narrow(1))];
    await using at = await opened(one, next);
    await at.start(one, 'a');
    await at.start(next, 'b');
    expect(at.keys).toEqual(['a/t/s#1']);
  });

  test('its own where another orchestrator has another track of that name', async () => {
    const [one, other] = [inside('one', '1', narrow(1)), inside('other', '1', narrow(2))];
    await using at = await opened(one, other);
    for (const id of ['a', 'b']) await at.start(one, id);
    for (const id of ['c', 'd', 'e']) await at.start(other, id);
    expect(at.keys).toEqual(['a/t/s#1', 'c/t/s#1', 'd/t/s#1']);
  });
});

test('a rate lets the next one begin in its time, whatever is limited otherwise since', async () => {
  const rated = task('rated', { ...body, rate: { limit: 1, per: '1m' } });
  const narrow = task('narrow', { ...body, concurrency: 1 });
  const of = (name: string, what: typeof plain): AnyOrchestrator =>
    orchestrator(name, head).track('t', track('t', input).step('s', what)) as never;
  const [fast, other] = [of('fast', rated as never), of('other', narrow as never)];
  await using at = await opened(fast, other);
  await at.start(fast, 'a');
  await at.start(other, 'b');
  await at.start(fast, 'c');
  expect(at.keys).toEqual(['a/t/s#1', 'b/t/s#1']);
  await at.clock.advance('1m');
  expect(at.keys).toEqual(['a/t/s#1', 'b/t/s#1', 'c/t/s#1']);
});
