/**
 * `chart`: a definition as an XState machine with a state for each of its tracks and steps, for editors, `xstate/graph` and model
 * tests. It runs nothing. What would happen comes to it as events, which are named by path: `payment/hold.done`.
 *
 * `machine.config` is JSON. Tracks that wait for others stand in `~waiting`, by a guard that says for which. Names that begin with
 * `~` are ours, as in a run.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { calledIn, type Drawable, type Outline, outlineOf, type Part } from './outline.ts';
import {
  type Condition,
  type Exits,
  counting,
  lastStateOf,
  guardOf,
  stateId,
  idsIn,
  isEnough,
  type State,
  to,
  type Transition,
  type Transitions,
} from './states.ts';

/**
 * A definition as an XState machine: one state for each of its tracks and steps, and events named by path. It is there to be drawn,
 * walked and tested against; it runs nothing.
 *
 * @example
 * const machine = chart(order);
 * console.log(JSON.stringify(machine.config)); // for Stately's editor
 * const paths = getShortestPaths(machine); // `xstate/graph`
 */
export function chart(definition: Drawable): AnyStateMachine {
  return chartOf(outlineOf(definition)).machine;
}

/** The chart of an outline, made once. */
export function chartOf(outline: Outline): Chart {
  const made = charts.get(outline) ?? new Chart(outline);
  charts.set(outline, made);
  return made;
}

const charts = new WeakMap<Outline, Chart>();

const RUN = { done: '~completed', failed: '~failed' } as const;

class Chart {
  /** What the machine is made of, which is JSON. */
  readonly config: State;
  readonly #outline: Outline;
  /** Guards to be made when it is known which states there are. */
  readonly #asked = new Map<string, Condition>();
  /** Some parent has to count its children. */
  #counts = false;
  #machine: AnyStateMachine | null = null;

  constructor(outline: Outline) {
    this.#outline = outline;
    const { name, root, version } = outline;
    const states = this.#run(root);
    // What has no id of its own is called by XState after the machine: no name of the user's may be the same.
    const isTaken = [...idsIn({ states })].some((id) => id === name || id.startsWith(`${name}.`));
    const context = this.#counts ? { context: { counts: {} } } : {};
    this.config = {
      id: isTaken ? `${name}#run` : name,
      initial: 'running',
      meta: { orchestrator: name, version },
      states,
      ...context,
    };
  }

  /** XState needs far more room for it than there is in the config, so it is made when somebody walks it. */
  get machine(): AnyStateMachine {
    if (this.#machine !== null) return this.#machine;
    const there = idsIn(this.config);
    const guards: { [name: string]: unknown } = this.#counts ? { enough: isEnough } : {};
    for (const [guard, condition] of this.#asked) guards[guard] = guardOf(condition, there);
    this.#machine = createMachine(this.config as never, { guards, actions: counting() } as never) as AnyStateMachine;
    return this.#machine;
  }

  #run(root: Part): { [key: string]: State } {
    const { undoes } = this.#outline;
    const failed = undoes ? '~compensating' : RUN.failed;
    const running = this.#body(root, { done: RUN.done, failed });
    const { on, ...rest } = running;
    const cancel: { [event: string]: Transitions } = { cancel: { target: to('~cancelled') } };
    if (root.deadline !== null) cancel.timedOut = { target: to(undoes ? '~compensating' : '~timedOut') };
    const states: { [key: string]: State } = {
      running: { ...rest, on: { ...cancel, ...on } },
      completed: { id: RUN.done, type: 'final' },
      failed: { id: RUN.failed, type: 'final' },
      cancelled: { id: '~cancelled', type: 'final' },
    };
    if (root.deadline !== null && !undoes) states.timedOut = { id: '~timedOut', type: 'final' };
    if (!undoes) return states;
    // A step may end the run as failed; nothing else ends an undone run so.
    states.compensating = {
      id: '~compensating',
      on: { compensated: { target: to('~compensated') }, compensationFailed: { target: to('~compensationFailed') } },
    };
    states.compensated = { id: '~compensated', type: 'final' };
    states.compensationFailed = { id: '~compensationFailed', type: 'final' };
    return states;
  }

  /** What it is while it is under way, without a key or an id. */
  #body(part: Part, exits: Exits): State {
    const state = this.#inside(part, exits);
    if (part.deadline !== null && part.path !== '')
      state.on = { ...state.on, [`${part.path}.timedOut`]: { target: to(exits.failed) } };
    return state;
  }

  #inside(part: Part, exits: Exits): State {
    switch (part.shape) {
      case 'leaf':
        return this.#leaf(part, exits);
      case 'late':
        return this.#late(part, exits);
      case 'chain':
        return this.#chain(part, exits);
      case 'choice':
        return part.drawing.several === true ? this.#routes(part, exits) : this.#route(part, exits);
      case 'items':
      case 'rounds':
        return this.#again(part, exits);
      case 'graph':
        return this.#sideBySide(part, part.children, exits);
      default:
        return part.shape satisfies never;
    }
  }

  /** A child under its name. What may fail is left in the same way when it does. */
  #child(part: Part, exits: Exits): State {
    const { path, kind, noun, detail } = part;
    const way = part.optional ? { done: exits.done, failed: exits.done } : exits;
    const state = this.#body(part, way);
    const words = part.hidden > 0 ? `${part.hidden} steps that are not drawn` : detail;
    return {
      id: path,
      ...(words === '' ? {} : { description: words }),
      tags: [noun, kind],
      meta: { path, kind, noun },
      ...state,
    };
  }

  #leaf({ path, drawing, holds }: Part, { done, failed }: Exits): State {
    const { ends } = drawing;
    const end = ends === 'completed' ? RUN.done : ends === 'failed' ? this.#runFailed : done;
    const on: { [event: string]: Transitions } = { [`${path}.done`]: { target: to(end) } };
    if (!holds) return { on: { ...on, [`${path}.failed`]: { target: to(failed) } } };
    const held = stateId(path, '~held');
    const running = stateId(path, '~running');
    return {
      initial: '~running',
      states: {
        '~running': { id: running, on: { ...on, [`${path}.failed`]: { target: to(held) } } },
        '~held': {
          id: held,
          on: {
            [`${path}.retry`]: { target: to(running) },
            [`${path}.skip`]: { target: to(done) },
            [`${path}.resolve`]: { target: to(end) },
          },
        },
      },
    };
  }

  get #runFailed(): string {
    return this.#outline.undoes ? '~compensating' : RUN.failed;
  }

  #late(part: Part, { done, failed }: Exits): State {
    const { path, drawing, children } = part;
    const [instead] = children;
    const on: { [event: string]: Transitions } = {
      [`${path}.done`]: { target: to(done) },
      [`${path}.failed`]: { target: to(failed) },
    };
    const late =
      drawing.late === 'child' && instead !== undefined ? instead.path : drawing.late === 'completes' ? done : failed;
    if (drawing.late !== undefined) on[`${path}.timedOut`] = { target: to(late) };
    if (instead === undefined) return { on };
    return {
      initial: '~waiting',
      states: { '~waiting': { on }, [instead.name]: this.#child(instead, { done, failed }) },
    };
  }

  #chain({ children, catches }: Part, { done, failed }: Exits): State {
    const catcher = catches ? children.at(-1) : undefined;
    const steps = catcher === undefined ? children : children.slice(0, -1);
    const states: { [key: string]: State } = {};
    for (const [at, child] of steps.entries())
      states[child.name] = this.#child(child, { done: steps[at + 1]?.path ?? done, failed: catcher?.path ?? failed });
    if (catcher !== undefined) states[catcher.name] = this.#child(catcher, { done, failed });
    // Where nothing comes before the one that catches, nothing can fail.
    if (steps.length === 0) return { always: { target: to(done) } };
    return { initial: steps[0]?.name as string, states };
  }

  #route({ path, drawing, children }: Part, { done, failed }: Exits): State {
    const on: { [event: string]: Transitions } = {};
    const states: { [key: string]: State } = { '~choosing': { on } };
    for (const child of children) {
      on[`${child.path}.taken`] = { target: to(child.path) };
      states[child.name] = this.#child(child, { done, failed });
    }
    if (drawing.otherwise === 'completes') on[`${path}.done`] = { target: to(done) };
    on[`${path}.failed`] = { target: to(failed) };
    return { initial: '~choosing', states };
  }

  /** Each route is taken or passed; the last one perhaps when all others were passed. */
  #routes(part: Part, { done, failed }: Exits): State {
    const { path, drawing, children } = part;
    const last = drawing.otherwise === 'last' ? children.at(-1) : undefined;
    const routes = last === undefined ? children : children.slice(0, -1);
    const states: { [key: string]: State } = {};
    for (const route of routes) {
      const [over, passed] = [stateId(route.path, '~completed'), stateId(route.path, '~skipped')];
      states[route.name] = {
        initial: '~choosing',
        states: {
          '~choosing': {
            on: {
              [`${route.path}.taken`]: { target: to(route.path) },
              [`${route.path}.passed`]: { target: to(passed) },
            },
          },
          '~taken': this.#child(route, { done: over, failed }),
          '~completed': { id: over, type: 'final' },
          '~skipped': { id: passed, type: 'final' },
        },
      };
    }
    const none = last?.path ?? (drawing.otherwise === 'completes' ? done : failed);
    const passed = this.#guard(`no route of ${path} is taken`, {
      all: routes.map((each) => stateId(each.path, '~skipped')),
    });
    const over = this.#guard(`${path} is over`, { all: routes.map(lastStateOf) });
    return {
      initial: '~some',
      on: { [`${path}.failed`]: { target: to(failed) } },
      states: {
        '~some': {
          type: 'parallel',
          states,
          always: [
            { target: to(none), guard: passed },
            { target: to(done), guard: over },
          ],
        },
        ...(last === undefined ? {} : { [last.name]: this.#child(last, { done, failed }) }),
      },
    };
  }

  /** One item, or round, stands for all of them. */
  #again({ path, strategy, children }: Part, { done, failed }: Exits): State {
    const next = stateId(path, '~next');
    const [body] = children as readonly [Part];
    const bodyFails = strategy === 'failFast' ? failed : next;
    return {
      initial: '~next',
      states: {
        '~next': {
          id: next,
          on: {
            [`${path}.next`]: { target: to(body.path) },
            [`${path}.done`]: { target: to(done) },
            [`${path}.failed`]: { target: to(failed) },
          },
        },
        [body.name]: this.#child(body, { done: strategy === 'race' ? done : next, failed: bodyFails }),
      },
    };
  }

  /** Regions of a parallel state. What the ends of the regions mean is what the strategy says. */
  #sideBySide(part: Part, children: readonly Part[], { done, failed }: Exits): State {
    const { path, strategy } = part;
    if (children.length === 0) return { always: { target: to(done) } };
    const states: { [key: string]: State } = {};
    const isFast = strategy === 'failFast';
    const counts = typeof strategy === 'object';
    for (const child of children) {
      const over = stateId(child.path, '~completed');
      const bad = stateId(child.path, '~failed');
      states[child.name] = this.#region(
        child,
        children,
        strategy === 'race' ? done : over,
        isFast ? failed : bad,
        counts ? path : null,
      );
    }
    const called = calledIn(part);
    const guard = this.#guard(`${called} is over`, { all: children.map(lastStateOf) });
    const completes = { target: to(done) };
    const fails = { target: to(failed) };
    const state: State = { type: 'parallel', states };
    if (counts) {
      this.#counts = true;
      const { quorum, rest } = strategy;
      const isSo = (as: 'completed' | 'failed', count: number) => ({ type: 'enough', params: { of: path, as, count } });
      const enough = { ...completes, guard: isSo('completed', quorum) };
      const lost = { ...fails, guard: isSo('failed', children.length - quorum + 1) };
      const won = { ...completes, guard };
      return {
        ...state,
        entry: [{ type: 'recount', params: { of: path } }],
        always: [lost, rest === 'cancel' ? enough : won],
      };
    }
    const bad = children.map((child) => ({ one: [stateId(child.path, '~failed'), stateId(child.path, '~skipped')] }));
    const good = children.map((child) => stateId(child.path, '~completed'));
    const over = { all: children.map(lastStateOf) };
    if (isFast || strategy === 'allowNone') return { ...state, always: { ...completes, guard } };
    if (strategy === 'race') return { ...state, always: { ...fails, guard } };
    if (strategy === 'bestEffort') {
      const some = this.#guard(`${called} is over, and something of it has completed`, { all: [over, { one: good }] });
      return {
        ...state,
        always: [
          { ...completes, guard: some },
          { ...fails, guard },
        ],
      };
    }
    const badly = this.#guard(`${called} is over, and something of it has failed`, { all: [over, { one: bad }] });
    return {
      ...state,
      always: [
        { ...fails, guard: badly },
        { ...completes, guard },
      ],
    };
  }

  /** `done` and `failed` are where it leads when it has ended: a final state of its own, or out of all of it. */
  #region(child: Part, siblings: readonly Part[], done: string, failed: string, counted: string | null): State {
    const own = {
      completed: stateId(child.path, '~completed'),
      failed: stateId(child.path, '~failed'),
      skipped: stateId(child.path, '~skipped'),
    };
    const { id, description, tags, meta, ...body } = this.#child(child, { done, failed });
    const isFlat =
      body.type === undefined && body.states !== undefined && body.on === undefined && body.entry === undefined;
    const states: { [key: string]: State } = isFlat ? { ...body.states } : { '~running': body };
    let initial = isFlat ? (body.initial as string) : '~running';
    const count = (as: 'completed' | 'failed'): Pick<State, 'entry'> =>
      counted === null ? {} : { entry: [{ type: 'count', params: { of: counted, as } }] };
    if (done === own.completed || child.optional)
      states['~completed'] = { id: own.completed, type: 'final', ...count('completed') };
    if (failed === own.failed && !child.optional)
      states['~failed'] = { id: own.failed, type: 'final', ...count('failed') };
    if (child.after.length > 0) {
      const names = child.after.map((ordinal) => siblings[ordinal]?.path).join(', ');
      const before = child.after.map((ordinal) => siblings[ordinal] as Part);
      const ready = this.#guard(`after ${names}`, { all: before.map((part) => stateId(part.path, '~completed')) });
      const always: Transition[] = [{ target: to(`${child.path}/~ready`), guard: ready }];
      if (failed === own.failed) {
        const bad = before.flatMap((part) => [stateId(part.path, '~failed'), stateId(part.path, '~skipped')]);
        always.push({ target: to(own.skipped), guard: this.#guard(`never after ${names}`, { one: bad }) });
        states['~skipped'] = { id: own.skipped, type: 'final' };
      }
      const first = states[initial] as State;
      const readyId = `${child.path}/~ready`;
      // It is entered where it begins: under an id of its own, unless it has one.
      const begins = first.id ?? readyId;
      if (first.id === undefined) states[initial] = { id: readyId, ...first };
      always[0] = { target: to(begins), guard: ready };
      states['~waiting'] = { always };
      initial = '~waiting';
    }
    return {
      ...(id === undefined ? {} : { id }),
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
      ...(meta === undefined ? {} : { meta }),
      initial,
      states,
    };
  }

  /** A guard by its words. */
  #guard(name: string, condition: Condition): string {
    this.#asked.set(name, condition);
    return name;
  }
}
