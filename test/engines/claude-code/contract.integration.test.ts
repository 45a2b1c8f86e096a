import type { Model } from '../../../demo/model/server.ts';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import { engineContract, modelEngineContract, onMeter, type PathOf } from '../../contracts/engine.ts';
import { pathForTools, realClaude } from '../../fakes/real-claude.ts';

const create = ({ path, model }: { path: PathOf; model: Model }) =>
  claudeCode({
    command: realClaude,
    env: { PATH: pathForTools, LANG: 'C.UTF-8' },
    homeDirectory: path('home'),
    temporaryDirectory: path('tmp'),
    projectFolder: 'work',
    baseUrl: model.url,
    apiKey: 'run-key',
    grace: { interruptMs: 10_000, terminateMs: 5_000 },
  });

engineContract('the real CLI', onMeter(create));
modelEngineContract('claude-code', create);
