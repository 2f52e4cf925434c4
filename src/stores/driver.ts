/** Drivers are not installed with the package: each is loaded when a store, or a server, that needs it is opened. */
import { DriverMissing } from '../errors/index.ts';

/** What `load` imports, or an error that says what to install. */
export async function driver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new DriverMissing({ driver: name }, error);
  }
}

/** Nothing by that name is there; a driver that lacks something itself is another matter. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return /^(ERR_)?MODULE_NOT_FOUND$/.test(String(error.code)) && error.message.includes(`'${name}'`);
}
