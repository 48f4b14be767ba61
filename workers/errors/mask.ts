/** Names of cloud projects, as they stand in resource paths and in Google's sentences. */
const PROJECTS =
  /(projects\/|\bproject[: ]+["'`]?)(?!or\b|has\b|does\b|is\b|to\b)([a-z][a-z0-9:.-]{4,}|\d{6,})/g;
const CREDENTIALS =
  /\b(?:sk-[\w-]{6,}|ya29\.[\w.-]+|gh[pousr]_\w{10,}|github_pat_\w+|AIza[\w-]{10,}|Bearer [\w.-]{8,})/g;

/** Masks the ids of cloud projects: clients must not learn whose account pays. */
export function maskProjects(text: string): string {
  return text.replace(PROJECTS, '$1***');
}

/** Masks credentials and project ids in an upstream's sentence. */
export function maskSecrets(text: string): string {
  return maskProjects(text.replace(CREDENTIALS, '***'));
}
