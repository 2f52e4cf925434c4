/** What statuses look like: a tone, which is a colour for light and for dark, and a sign, so that nothing is said by colour alone. */
import type { Status } from '../status.ts';

export type Tone = 'plain' | 'good' | 'busy' | 'calm' | 'bad' | 'gone' | 'undone' | 'held';

/** The tone of each status. */
export const TONES: { readonly [status in Status]: Tone } = {
  pending: 'plain',
  running: 'busy',
  waiting: 'calm',
  retrying: 'calm',
  paused: 'held',
  awaitingApproval: 'calm',
  awaitingIntervention: 'held',
  cancelling: 'gone',
  compensating: 'undone',
  completed: 'good',
  failed: 'bad',
  timedOut: 'bad',
  skipped: 'gone',
  cancelled: 'gone',
  compensated: 'undone',
  compensationFailed: 'bad',
};

/** A sign for each tone, in text. */
export const SIGNS: { readonly [tone in Tone]: string } = {
  plain: '·',
  good: '✓',
  busy: '●',
  calm: '◔',
  bad: '✗',
  gone: '–',
  undone: '↶',
  held: '‖',
};

/** Line, ground and text of each tone; the first three for a light page, the others for a dark one. */
export const COLOURS: { readonly [tone in Tone]: readonly [string, string, string, string, string, string] } = {
  plain: ['#d0d7de', '#ffffff', '#59636e', '#3d444d', '#151b23', '#9198a1'],
  good: ['#4ac26b', '#f1fbf4', '#1a7f37', '#238636', '#12261e', '#3fb950'],
  busy: ['#54aeff', '#eef6ff', '#0969da', '#1f6feb', '#121d2f', '#58a6ff'],
  calm: ['#d4a72c', '#fffaeb', '#8a5f00', '#9e6a03', '#272115', '#d29922'],
  bad: ['#ff8182', '#fff2f1', '#cf222e', '#da3633', '#2a1517', '#f85149'],
  gone: ['#c4ccd4', '#f6f8fa', '#6e7781', '#3d444d', '#0f141a', '#848d97'],
  undone: ['#c297ff', '#faf5ff', '#8250df', '#8957e5', '#21172f', '#bc8cff'],
  held: ['#ff80c8', '#fff3fa', '#bf3989', '#bf4b8a', '#2b1523', '#f778ba'],
};

/** The same for a terminal: the numbers of its own colours. */
export const ANSI: { readonly [tone in Tone]: number } = {
  plain: 2,
  good: 32,
  busy: 34,
  calm: 33,
  bad: 31,
  gone: 2,
  undone: 35,
  held: 35,
};
