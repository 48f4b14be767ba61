import { isJsonObject, type JsonObject, objectField, textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { type BlockScope, encodeImage, encodePdf, refused, unreadable } from './encode-media.ts';

/** Blocks inside blocks: documents hold them, and search results. */
const NESTING_MAX = 4;

/**
 * The parts of one block that is no tool call, result or thought; none when it says nothing.
 *
 * What Gemini has nothing for is dropped with a warning.
 */
export function encodeBlock(
  block: JsonObject,
  scope: BlockScope,
  nesting = 0,
): readonly JsonObject[] {
  switch (block.type) {
    case 'text':
    case 'input_text':
      return textParts(textField(block, 'text') ?? '');
    case 'image':
      return encodeImage(block, scope);
    case 'document':
      return encodeDocument(block, scope, nesting);
    case 'search_result':
      return encodeSearchResult(block, scope, nesting);
    case 'tool_reference':
      return textParts(`Tool ${textField(block, 'tool_name') ?? ''} is available now.`);
    case 'compaction':
      return encodeCompaction(block, scope);
    case 'web_search_tool_result':
      return encodeFoundPages(block, scope);
    case 'mcp_tool_result':
      return encodeContent(block.content, scope, nesting);
    case 'container_upload':
      return refused(scope, {
        field: 'container_upload',
        what: 'a file of a container',
        fix: 'send its content in the message',
      });
    default:
      return dropped(block, scope);
  }
}

/** The parts of content in either of its forms, a string or blocks; anything else says nothing. */
export function encodeContent(
  content: unknown,
  scope: BlockScope,
  nesting = 0,
): readonly JsonObject[] {
  if (typeof content === 'string') return textParts(content);
  if (!Array.isArray(content)) return [];
  if (nesting > NESTING_MAX) {
    scope.context.warnings.add('blocks nested too deep dropped');
    return [];
  }
  return content.flatMap((block: unknown) =>
    isJsonObject(block) ? encodeBlock(block, scope, nesting + 1) : [],
  );
}

/** A text part; none for an empty text, which Gemini refuses. */
export function textParts(text: string): readonly JsonObject[] {
  return text === '' ? [] : [{ text }];
}

/** Drops a block and tells of it. */
export function dropped(block: JsonObject | Block, { context }: BlockScope): readonly JsonObject[] {
  const type = textField(block, 'type') ?? 'without a type';
  context.warnings.add(`block ${type} dropped`);
  return [];
}

function encodeDocument(
  block: JsonObject,
  scope: BlockScope,
  nesting: number,
): readonly JsonObject[] {
  if (objectField(block, 'citations').enabled === true)
    scope.context.warnings.add('document citations dropped');
  const about = [
    ['Document', textField(block, 'title')],
    ['Context', textField(block, 'context')],
  ].filter(([, text]) => text !== null);
  const heading = about.map(([name, text]) => `${name}: ${text}`).join('\n');
  const content = documentParts(objectField(block, 'source'), scope, nesting);
  return content.length === 0 ? [] : [...textParts(heading), ...content];
}

function documentParts(
  source: JsonObject,
  scope: BlockScope,
  nesting: number,
): readonly JsonObject[] {
  const type = textField(source, 'media_type') ?? '';
  const data = textField(source, 'data');
  if (source.type === 'content') return encodeContent(source.content, scope, nesting);
  if (source.type === 'text') return textParts(data ?? '');
  if (source.type !== 'base64' || type === '' || type === 'application/pdf')
    return encodePdf(source, scope);
  if (data === null) return unreadable('document', source, scope);
  if (type.startsWith('text/')) return textParts(Buffer.from(data, 'base64').toString('utf8'));
  return refused(scope, {
    field: 'document.source.media_type',
    what: `a document of type ${type.slice(0, 60)}`,
    fix: 'send a PDF or plain text',
  });
}

function encodeSearchResult(
  block: JsonObject,
  scope: BlockScope,
  nesting: number,
): readonly JsonObject[] {
  if (objectField(block, 'citations').enabled === true)
    scope.context.warnings.add('search_result citations dropped');
  const lines = [
    `Search result: ${textField(block, 'title') ?? '(untitled)'}`,
    `Source: ${textField(block, 'source') ?? '(unknown)'}`,
  ];
  return [{ text: lines.join('\n') }, ...encodeContent(block.content, scope, nesting)];
}

function encodeCompaction(block: JsonObject, scope: BlockScope): readonly JsonObject[] {
  const summary = textField(block, 'content');
  if (summary === null) return dropped(block, scope);
  return [{ text: `Summary of the conversation before this point:\n${summary}` }];
}

// What a page said is encrypted for Anthropic; its title and address are not.
function encodeFoundPages(block: JsonObject, scope: BlockScope): readonly JsonObject[] {
  const pages = Array.isArray(block.content) ? block.content.filter(isJsonObject) : [];
  const lines = pages.map(
    (page) => `- ${textField(page, 'title') ?? '(untitled)'}: ${textField(page, 'url') ?? ''}`,
  );
  scope.context.warnings.add('web_search_tool_result without its page contents');
  return lines.length === 0 ? [] : [{ text: `Web pages found:\n${lines.join('\n')}` }];
}
