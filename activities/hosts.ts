import type { HostQuestion } from '../src/domain/steps';
import { toFailure } from './failures';

export interface HostsDependencies {
  /** When somebody last asked for work of a host's queue, in milliseconds since the epoch; null for never. */
  lastPolled(host: string): Promise<number | null>;
}

/** What control knows of sandbox hosts, from Temporal. */
export const createHosts = ({ lastPolled }: HostsDependencies) => ({
  /**
   * Whether a host is taken for lost: it has not asked for work since some was there. One that is so busy that it does not
   * ask counts as lost too; what waited there surely did not run, and goes elsewhere.
   */
  async isHostLost({ host, since }: HostQuestion): Promise<boolean> {
    try {
      const last = await lastPolled(host);
      return last === null || last < since;
    } catch (error) {
      throw toFailure(error);
    }
  },
});
