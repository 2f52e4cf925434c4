/** Machines that are made when somebody first looks into them: until then they cost an import nothing, and then they are as any other. */
import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { type AnyStateMachine, createActor, createMachine, StateMachine } from 'xstate';
import { madeLate } from '../../src/machines/made-late.ts';
import { ROOT } from '../helpers/sources.ts';

const config = {
  context: { n: 1 },
  initial: 'off',
  states: { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' } } },
} as const;

const isMade = (machine: object) => Object.getOwnPropertyDescriptor(machine, 'root')?.get === undefined;

function late() {
  const make = vi.fn((id: string) => createMachine({ id, ...config }) as AnyStateMachine);
  return { make, machine: madeLate('light', make) };
}

test('to import the package makes none of them', () => {
  const code = `
    import { StateMachine } from 'xstate';
    const found = Object.values(await import('./src/index.ts')).filter((each) => each instanceof StateMachine);
    const made = found.filter((each) => Object.getOwnPropertyDescriptor(each, 'root').get === undefined);
    console.log(JSON.stringify([found.length > 15, made.map(({ id }) => id)]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['[true,[]]\n', '']);
});

test('what it is called is known without its being made, and to look into it makes it once', () => {
  const { make, machine } = late();
  expect([machine.id, machine instanceof StateMachine, Object.keys(machine)]).toEqual([
    'light',
    true,
    Object.keys(createMachine({ id: 'light' })),
  ]);
  expect(make).not.toHaveBeenCalled();
  expect(Object.keys(machine.states)).toEqual(['off', 'on']);
  expect([machine.root.id, machine.events, machine.config.initial]).toEqual(['light', ['toggle'], 'off']);
  expect(make.mock.calls).toEqual([['light']]);
  expect([isMade(machine), Object.keys(machine)]).toEqual([true, Object.keys(createMachine({ id: 'light' }))]);
});

test('it runs as itself: its states, its snapshots and what is provided for it are its own', () => {
  const { make, machine } = late();
  const actor = createActor(machine).start();
  actor.send({ type: 'toggle' });
  const snapshot = actor.getSnapshot();
  expect([snapshot.value, snapshot.context, snapshot.machine]).toEqual(['on', { n: 1 }, machine]);
  expect(snapshot.machine).toBe(machine);
  for (const state of [machine.root, ...Object.values(machine.states)]) expect(state.machine).toBe(machine);
  expect(createActor(machine.provide({})).start().getSnapshot().value).toBe('off');
  expect(JSON.stringify(machine)).toBe(JSON.stringify(createMachine({ id: 'light', ...config })));
  expect(make).toHaveBeenCalledOnce();
});

test('one that cannot be made says so each time that somebody looks', () => {
  const machine = madeLate<AnyStateMachine>('odd', () => {
    throw new Error('no such state');
  });
  for (let time = 0; time < 2; time += 1) expect(() => machine.states).toThrow('no such state');
});
