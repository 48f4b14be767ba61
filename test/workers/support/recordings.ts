import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../../shared/fixtures/recorded');

/** One recorded answer. */
export interface Recording {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The recorded answers of some providers by file ending; empty when the recordings are not on this machine. */
export function recordings(folders: readonly string[], ending: string): readonly Recording[] {
  return folders
    .map((folder) => join(FOLDER, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith(ending))
        .map((file) => ({ name: file, bytes: readFileSync(join(folder, file)) })),
    );
}

/** A reason to skip, or false when there are recordings. */
export function missing(found: readonly Recording[]): string | false {
  return found.length === 0 && 'the recorded answers are not on this machine';
}
