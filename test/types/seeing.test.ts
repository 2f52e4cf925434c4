/** The types of what is drawn and said: a format says what one gets. */
import {
  type Coverage,
  chart,
  coverageOf,
  type Diagram,
  diagram,
  type Explanation,
  orchestrator,
  type Run,
  type RunAt,
  type RunSnapshot,
  type Signalbox,
  type Timeline,
  track,
} from 'signalbox';
import { expectTypeOf, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { Anything, work } from '../helpers/stage.ts';

const t = track('t', { input: Anything }).step('s', work);
const order = orchestrator('order', { version: '1', input: Anything }).track('t', t);

test('a definition, a track and a task can be charted and drawn', () => {
  expectTypeOf(chart).returns.toEqualTypeOf<AnyStateMachine>();
  expectTypeOf(diagram(order)).toEqualTypeOf<string>();
  expectTypeOf(diagram(t, { format: 'text' })).toEqualTypeOf<string>();
  expectTypeOf(diagram(work, { format: 'data' })).toEqualTypeOf<Diagram>();
  // @ts-expect-error there is no such format
  expectTypeOf(() => diagram(order, { format: 'png' })).toBeFunction();
  // @ts-expect-error nor is a name a definition
  expectTypeOf(() => chart('order')).toBeFunction();
});

test('what a run says of itself is data, or a text', () => {
  type Answer<M extends (...given: never[]) => unknown> = Awaited<ReturnType<M>>;
  const of = (run: Run, box: Signalbox) => ({
    diagram: () => run.diagram(),
    boxes: () => run.diagram({ format: 'data' }),
    explanation: () => run.explain(),
    words: () => run.explain({ format: 'text', path: 't/s' }),
    timeline: () => run.timeline(),
    bars: () => run.timeline({ format: 'svg', theme: 'dark' }),
    at: () => run.at(7),
    again: async () => diagram(order, { run: await run.at(7) }),
    coverage: () => coverageOf(box, order),
    // @ts-expect-error a run knows what it is a run of
    wrong: () => run.diagram({ run: {} }),
  });
  type Of = ReturnType<typeof of>;
  expectTypeOf<Answer<Of['diagram']>>().toEqualTypeOf<string>();
  expectTypeOf<Answer<Of['boxes']>>().toEqualTypeOf<Diagram>();
  expectTypeOf<Answer<Of['explanation']>>().toEqualTypeOf<Explanation>();
  expectTypeOf<Answer<Of['words']>>().toEqualTypeOf<string>();
  expectTypeOf<Answer<Of['timeline']>>().toEqualTypeOf<Timeline>();
  expectTypeOf<Answer<Of['bars']>>().toEqualTypeOf<string>();
  expectTypeOf<Answer<Of['at']>>().toEqualTypeOf<RunAt>();
  expectTypeOf<RunAt>().toExtend<RunSnapshot>();
  expectTypeOf<Answer<Of['coverage']>>().toEqualTypeOf<Coverage>();
});
