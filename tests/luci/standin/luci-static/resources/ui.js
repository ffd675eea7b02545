/* A stand-in for LuCI's ui.js: dialogs, buttons, tabs, and applying a configuration. */
'use strict';
'require baseclass';
'require dom';

const overlay = document.body.appendChild(E('div', { 'id': 'modal_overlay' }, [ E('div', { 'class': 'modal', 'role': 'dialog' }) ]));

return baseclass.extend({
	showModal(title, children, ...classes) {
		const dialog = overlay.firstElementChild;

		dialog.className = [ 'modal', ...classes ].join(' ');
		dom.content(dialog, dom.create('h4', {}, title));
		dom.append(dialog, children);
		document.body.classList.add('modal-overlay-active');

		return dialog;
	},

	hideModal() {
		document.body.classList.remove('modal-overlay-active');
	},

	createHandlerFn(self, fn, ...args) {
		const call = typeof(fn) == 'string' ? self[fn] : fn;

		return event => {
			const target = event.currentTarget;

			target.classList.add('spinning');
			target.disabled = true;
			Promise.resolve(call.call(self, ...args, event)).finally(() => {
				target.classList.remove('spinning');
				target.disabled = false;
			});
		};
	},

	/* Makes the children of a node with data-tab pages of it. */
	tabs: {
		initTabGroup(panes) {
			const all = Array.from(panes).filter(pane => pane.hasAttribute && pane.hasAttribute('data-tab'));
			const menu = E('ul', { 'class': 'cbi-tabmenu' });
			const turn = chosen => all.forEach((pane, i) => {
				pane.setAttribute('data-tab-active', pane === chosen);
				menu.children[i].className = pane === chosen ? 'cbi-tab' : 'cbi-tab-disabled';
			});

			if (!all.length)
				return;

			for (const pane of all)
				menu.append(E('li', { 'data-tab': pane.getAttribute('data-tab') }, [
					E('a', { 'href': '#', 'click': event => { event.preventDefault(); turn(pane); } }, [ pane.getAttribute('data-tab-title') ])
				]));

			all[0].parentNode.before(menu);
			turn(all[0]);
		}
	},

	changes: {
		async apply() {
			const to = name => fetch(L.url('admin/uci', name), { method: 'POST' });

			if ((await to('apply_rollback')).status == 200)
				await to('confirm');

			window.location.reload();
		}
	},

	instantiateView(path) {
		return L.require('view.' + path.replace(/\//g, '.')).catch(L.error);
	}
});
