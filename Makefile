# What `sam build` asks for (ops/aws/template.yaml): the sources as they are, Node.js strips the types, and the packages.
build-Worker:
	cp -R src package.json package-lock.json "$(ARTIFACTS_DIR)"
	cd "$(ARTIFACTS_DIR)" && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
	echo "export { handler } from './src/lambda.ts'" > "$(ARTIFACTS_DIR)/index.mjs"
