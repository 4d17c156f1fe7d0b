import { condition, setHandler } from '@temporalio/workflow';
import { transcript } from '../../workflows/messages';
import { type CarriedTranscript, Transcript } from '../../workflows/transcript';

/** Holds a transcript as a run does, and answers for it. */
export async function holdTranscript(carried: CarriedTranscript): Promise<void> {
  const held = new Transcript(carried);
  setHandler(transcript, ({ since }) => held.page(since));
  await condition(() => false);
}
