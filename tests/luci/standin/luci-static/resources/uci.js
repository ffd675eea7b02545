/* A stand-in for LuCI's uci.js: a configuration, and what was changed of it. */
'use strict';
'require baseclass';
'require rpc';

const ubus = (method, params, expect) => rpc.declare({ object: 'uci', method: method, params: params, expect: expect, reject: true });

const callGet = ubus('get', [ 'config' ], { values: {} });
const callSet = ubus('set', [ 'config', 'section', 'values' ]);
const callAdd = ubus('add', [ 'config', 'type', 'name', 'values' ]);
const callDelete = ubus('delete', [ 'config', 'section', 'options' ]);

/* For each configuration its sections by name as they are stored, and as they shall be. */
const stored = {}, wanted = {};

function options(section) {
	return Object.fromEntries(Object.entries(section).filter(o => o[0][0] != '.'));
}

return baseclass.extend({
	async load(config) {
		if (stored[config])
			return;

		stored[config] = await callGet(config);
		wanted[config] = structuredClone(stored[config]);
	},

	sections(config, type) {
		return Object.values(wanted[config] || {}).filter(s => !type || s['.type'] == type);
	},

	get(config, section, option) {
		const found = (wanted[config] || {})[section];

		return found && option ? found[option] : found || null;
	},

	set(config, section, option, value) {
		const found = wanted[config][section];

		if (value === null || value === undefined || value === '')
			delete found[option];
		else
			found[option] = value;
	},

	unset(config, section, option) {
		this.set(config, section, option, null);
	},

	add(config, type, name) {
		const section = name || 'new' + Object.keys(wanted[config]).length;

		wanted[config][section] = { '.type': type, '.name': section, '.create': name };

		return section;
	},

	remove(config, section) {
		delete wanted[config][section];
	},

	async save() {
		for (const config in wanted) {
			const was = stored[config], is = wanted[config];

			for (const name in was)
				if (!is[name])
					await callDelete(config, name);

			for (const name in is) {
				const values = options(is[name]);

				if (!was[name]) {
					await callAdd(config, is[name]['.type'], is[name]['.create'], values);
					continue;
				}

				const before = options(was[name]);
				const gone = Object.keys(before).filter(o => !(o in values));
				const changed = Object.fromEntries(Object.entries(values).filter(o => JSON.stringify(o[1]) != JSON.stringify(before[o[0]])));

				if (gone.length)
					await callDelete(config, name, gone);

				if (Object.keys(changed).length)
					await callSet(config, name, changed);
			}

			delete stored[config];
			await this.load(config);
		}
	}
});
