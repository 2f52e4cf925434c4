/**
 * The machines by themselves, as `signalbox/machines`: for applications that draw, walk or run them without a box, in a browser
 * too, or that embed runs of a box which is somewhere else. Nothing of the runtime and of the stores is needed for it.
 */
export * from './machines-alone.ts';
export { machineInput } from '../live/machine-input.ts';
export { defineKind } from '../machines/outside.ts';
export { parentKind } from '../machines/parent-kind.ts';
