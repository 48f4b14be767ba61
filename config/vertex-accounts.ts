import { existsSync } from 'node:fs';
import type { AccountSettings } from './config.ts';
import type { Reader } from './reader.ts';
import { numberedNames } from './variables.ts';

const REGION = /^[a-z][a-z0-9-]{0,62}$/;
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,99}$/i;
const DEFAULT_REGION = 'us-east5';
/** A project of Vertex AI; its address follows from its region, unless another one is given. */
export type VertexAccount = Omit<AccountSettings, 'baseUrl'> & { readonly region: string };

/** What is set about Vertex AI. */
export interface VertexAccounts {
  /** Of the first, be there one or not. */
  readonly region: string;
  readonly accounts: readonly VertexAccount[];
}

/**
 * The projects that are set: VERTEX_PROJECT_ID, VERTEX_PROJECT_ID_2 and so on, each with the region, token and credentials
 * file of its number. What a further one leaves out is taken from the first.
 */
export function readVertexAccounts(reader: Reader): VertexAccounts {
  const regions = numberedNames('VERTEX_REGION').map((name) => readRegion(reader, name));
  const tokens = numberedNames('VERTEX_ACCESS_TOKEN').map((name) => reader.credential(name));
  const files = numberedNames('GOOGLE_APPLICATION_CREDENTIALS');
  const region = regions[0] ?? DEFAULT_REGION;
  const accounts = numberedNames('VERTEX_PROJECT_ID').flatMap((variable, index) => {
    const projectId = readProject(reader, variable);
    const given = { region: regions[index] ?? null, token: tokens[index] ?? null };
    const file = reader.text(files[index] ?? '');
    if (projectId === null) {
      const isOrphan = index > 0 && [given.region, given.token, file].some((part) => part !== null);
      if (isOrphan) reader.problems.push(`${variable} is not set, but others of its number are`);
      return [];
    }
    if (file !== null && given.token === null && !existsSync(file)) {
      reader.problems.push(`${files[index]}: ${file} does not exist`);
    }
    const own = { projectId, region: given.region ?? region };
    // The first goes by its project, as the ledger knows it, and Google's library finds its file itself.
    if (index === 0) return [{ ...own, account: projectId, apiKey: given.token }];
    if (file === null) {
      return [{ ...own, account: variable, apiKey: given.token ?? tokens[0] ?? null }];
    }
    return [{ ...own, account: variable, apiKey: given.token, credentialsFile: file }];
  });
  return { region, accounts };
}

/** Where Vertex AI is for a region. Source: protocol reference §2, hosts by region. */
export function vertexHost(region: string): string {
  if (region === 'global') return 'https://aiplatform.googleapis.com';
  if (region === 'us' || region === 'eu') return `https://aiplatform.${region}.rep.googleapis.com`;
  return `https://${region}-aiplatform.googleapis.com`;
}

// Both become parts of an address.
function readRegion(reader: Reader, variable: string): string | null {
  const region = reader.text(variable);
  if (region === null || REGION.test(region)) return region;
  reader.problems.push(`${variable} is "${region}"; it must be a region like us-east5 or global`);
  return null;
}

function readProject(reader: Reader, variable: string): string | null {
  const projectId = reader.text(variable);
  if (projectId !== null && !PROJECT.test(projectId)) {
    reader.problems.push(`${variable} is "${projectId}"; it must be a Google Cloud project id`);
  }
  return projectId;
}
