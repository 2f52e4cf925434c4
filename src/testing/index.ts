/** What tests of orchestrations need, shipped to users as `signalbox/testing`. */
export { type FakeClock, fakeClock, type Settling, settled } from './clock.ts';
