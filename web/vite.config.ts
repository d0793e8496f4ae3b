import { defineConfig, type Plugin } from 'vite';

/** Puts the one script and the one style sheet into the page and names it report.html. */
function singleFile(): Plugin {
  return {
    name: 'single-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('the build made no index.html');
      let html = String(page.source);
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        const isScript = part.type === 'chunk';
        const text = isScript ? part.code : String(part.source);
        const tag = new RegExp(isScript ? `<script[^>]*${name}[^>]*></script>` : `<link[^>]*${name}[^>]*>`);
        if (!tag.test(html)) throw new Error(`nothing in the page refers to ${name}`);
        if (isScript && text.includes('<!--')) throw new Error('the script holds <!--, which a page reads as a comment');
        const safe = text.trimEnd().replace(/<\/(script)/gi, '<\\/$1');
        const inline = isScript ? `<script type="module">${safe}</script>` : `<style>${text.trim()}</style>`;
        html = isScript ? html.replace(tag, '').replace('</body>', () => `${inline}\n</body>`) : html.replace(tag, () => inline);
        delete bundle[name];
      }
      page.source = html;
      page.fileName = 'report.html';
    },
  };
}

export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
  },
  plugins: [singleFile()],
});
