import process from 'node:process';

/**
 * Stands in for the JSON Schema validator that the SDK brings along (the build puts it there): our tools parse their
 * own input and we send no elicitations, so nothing is ever validated by it. It was a third of what a client waits for.
 */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('This server validates nothing by JSON Schema.');
  }
}

export { process };
