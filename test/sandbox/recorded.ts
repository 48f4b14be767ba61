import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const RECORDED = path.join(import.meta.dirname, '../../../shared/fixtures/recorded');

/** Why tests of recordings are skipped; false when they are here. */
export const NO_RECORDINGS: string | false = existsSync(RECORDED) ? false : 'no recordings here';

/** One recorded exchange. */
export interface Recording {
  readonly name: string;
  readonly url: string;
  readonly status: number;
  readonly request: string;
  readonly answer: string;
}

/** The recordings of a folder whose request is there too. */
export function recordings(folder: string): readonly Recording[] {
  return globSync(`${folder}/*.request.json`, { cwd: RECORDED }).flatMap((file) => {
    const name = file.replace('.request.json', '');
    const meta = JSON.parse(readFileSync(path.join(RECORDED, `${name}.meta.json`), 'utf8'));
    const { url, status, response_file: answerFile } = meta;
    const answer = path.join(RECORDED, folder, String(answerFile));
    if (typeof url !== 'string' || !existsSync(answer)) return [];
    const request = readFileSync(path.join(RECORDED, file), 'utf8');
    return [{ name, url, status: Number(status), request, answer: readFileSync(answer, 'utf8') }];
  });
}
