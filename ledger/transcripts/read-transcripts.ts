import { type OutsideContext, OutsideMessages, type TranscriptTotals } from './outside-messages.ts';
import { linesOf, transcriptFiles } from './transcript-files.ts';
import { readTranscriptLine } from './transcript-message.ts';

/** Reads all transcripts in these folders, one line at a time. Throws when one cannot be read. */
export async function readTranscripts(
  folders: readonly string[],
  context: OutsideContext,
): Promise<TranscriptTotals> {
  const messages = new OutsideMessages(context);
  for (const folder of folders) {
    for (const file of await transcriptFiles(folder)) {
      for await (const line of linesOf(file)) {
        const message = readTranscriptLine(line);
        if (message !== null) messages.add(message);
      }
      messages.endFile();
    }
  }
  return messages.totals;
}
