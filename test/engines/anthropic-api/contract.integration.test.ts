import type { Model } from '../../../demo/model/server.ts';
import { anthropicApi } from '../../../src/engines/anthropic-api/anthropic-api.ts';
import { engineContract, modelEngineContract, onMeter, type PathOf } from '../../contracts/engine.ts';
import { pathForTools } from '../../fakes/real-claude.ts';

const create = ({ path, model }: { path: PathOf; model: Model }) =>
  anthropicApi({
    baseUrl: model.url,
    apiKey: 'run-key',
    env: { HOME: path('home'), PATH: pathForTools },
    temporaryDirectory: path('tmp'),
    projectFolder: 'work',
  });

engineContract('the direct engine', onMeter(create));
modelEngineContract('anthropic-api', create);
