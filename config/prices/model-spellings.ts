import { bareName, isClaudeName, parseClaudeName, unmarkedName } from '../claude-names.ts';

/** OpenRouter's ways of serving a model; the price is the model's own. `:free` is a price of its own. */
const VARIANT = /:(nitro|floor|exacto|thinking|online|extended|beta)$/;
const DATE = /-(\d{8}|\d{4}-\d{2}-\d{2})$/;

/**
 * The spellings of a model's name that a price may be filed under, lower-case: as it came, without OpenRouter's variant,
 * without the maker, and for Claude's models `claude-<line>-<version>` whatever the spelling.
 */
export function priceSpellings(model: string): readonly string[] {
  const asked = unmarkedName(model).toLowerCase();
  const plain = asked.replace(VARIANT, '');
  const bare = withoutMaker(bareName(plain));
  return [...new Set([asked, plain, bareName(plain), bare, canonicalName(bare)])];
}

/** A name without the marks that do not change the price: maker, variant, date, `latest`; Claude's in one spelling. */
export function canonicalName(model: string): string {
  const bare = withoutMaker(bareName(model).toLowerCase().replace(VARIANT, ''));
  const claude = isClaudeName(bare) ? parseClaudeName(bare.replace(/-v\d(?=@|$)/, '')) : null;
  if (claude !== null) return `claude-${claude.version.replace(/-0$/, '')}`;
  return bare
    .replaceAll(/[@._]/g, '-')
    .replace(/-latest$/, '')
    .replace(DATE, '')
    .replace(/-00\d$/, '');
}

function withoutMaker(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
