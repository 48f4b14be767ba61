/**
 * Tokens of one page of a PDF: its text and its image.
 * One page of prose costs 2,666 (shared recording `document-url`), documented are 1,500 to 3,000 and an image.
 */
export const PDF_PAGE_TOKENS = 2_660;

// Where the page tree is compressed, pages are counted by the bytes of a usual page.
const BYTES_PER_PAGE = 50_000;
// Anthropic's own limit.
const PAGES_MAX = 600;
const PAGE_OBJECT = /\/Type\s{0,8}\/Page(?![A-Za-z])/g;
const PAGE_COUNT = /\/Count\s{1,8}(\d{1,4})/g;

/** Tokens of a PDF in base64, by its pages. */
export function pdfTokens(base64: string): number {
  return pdfPages(Buffer.from(base64, 'base64')) * PDF_PAGE_TOKENS;
}

/** Pages of a PDF, 1 to 600: as its page tree says, else by its size. */
export function pdfPages(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  let pages = 0;
  for (const _page of text.matchAll(PAGE_OBJECT)) pages++;
  for (const [, count] of text.matchAll(PAGE_COUNT)) pages = Math.max(pages, Number(count));
  if (pages === 0) pages = Math.ceil(bytes.length / BYTES_PER_PAGE);
  return Math.min(PAGES_MAX, Math.max(1, pages));
}
