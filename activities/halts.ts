import type { HaltView } from '../src/domain/halt';
import type { NoteHaltInput } from '../src/domain/steps';
import type { HaltReader } from '../src/policy/halt-records';
import { toFailure } from './failures';

/** Whether a run is halted, as the database says: signals only say that it is worth a look. */
export const createHalts = ({ halts }: { halts: Pick<HaltReader, 'note'> }) => ({
  async noteHalt(input: NoteHaltInput): Promise<HaltView | null> {
    try {
      return await halts.note(input);
    } catch (error) {
      throw toFailure(error);
    }
  },
});
