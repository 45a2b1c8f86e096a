import { createHash } from 'node:crypto';
import { VERSION } from '@anthropic-ai/sdk/version';
import { systemPrompt } from './system-prompt.ts';

/** The SDK's version and a mark of the system prompt: with another one the prompt cache holds nothing for this engine. */
export const engineVersion = `${VERSION}+${createHash('sha256').update(systemPrompt).digest('hex').slice(0, 8)}`;
