/** Names of cloud projects, as they stand in resource paths and in Google's sentences. */
const PROJECTS =
  /(projects\/|\bproject(?:[_ ]?(?:number|id))?[: ]+["'`]?)(?!or\b|has\b|does\b|is\b|to\b)([a-z][a-z0-9:.-]{4,}|\d{6,})/g;
const CREDENTIALS =
  /\b(?:sk-[\w-]{6,}|ya29\.[\w.-]+|gh[pousr]_\w{10,}|github_pat_\w+|AIza[\w-]{10,}|Bearer [\w.-]{8,}|gsk_\w{8,}|xai-\w{8,}|hf_\w{10,})/g;
/** Names of accounts: OpenAI's and Groq's organizations, and what a sentence calls an account. */
const ACCOUNTS =
  /\b(?:org|proj|acct|user|team)[-_](?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6,}|(?<=\b(?:organization|account|tenant|subscription|workspace)(?: id)?:? ["'`]?)[\da-f]{8}-[\da-f-]{20,30}/g;
/** Where a stack trace begins: Python's, JavaScript's, Java's. */
const TRACE =
  /\s*Traceback \(most recent call last\)|\n\s*(?:at [\w$.<>[\] ]{1,200}\(|File "[^"\n]{1,300}", line \d)/;
/** Files of the upstream's own machines, as stack traces name them. Addresses have more in front. */
const PATHS =
  /(?<![\w:/.])\/(?:home|root|usr|var|opt|tmp|app|srv|etc|mnt|build|workspace)(?:\/[\w.@+-]+)+/g;

/** Masks the ids of cloud projects: clients must not learn whose account pays. */
export function maskProjects(text: string): string {
  return text.replace(PROJECTS, '$1***');
}

/** Masks credentials, account and project ids and paths of files in an upstream's sentence; stack traces are cut off. */
export function maskSecrets(text: string): string {
  const trace = text.search(TRACE);
  const sentence = trace === -1 ? text : text.slice(0, trace);
  const masked = sentence.replace(CREDENTIALS, '***').replace(ACCOUNTS, '***');
  return maskProjects(masked.replace(PATHS, '***'));
}
