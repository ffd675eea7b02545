/* A stand-in for LuCI's form.js: maps, sections and the kinds of options that goipd's settings
 * have. Ids, classes and the order of things are LuCI's. */
'use strict';
'require baseclass';
'require dom';
'require rpc';
'require ui';
'require uci';

const callAccess = rpc.declare({ object: 'session', method: 'access', params: [ 'scope', 'object', 'function' ], expect: { access: false } });

const empty = value => value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length);

/* The kinds of values that are used here; a sentence for what is none. */
const datatypes = {
	uinteger: value => /^[0-9]+$/.test(value) || 'Expecting: positive integer value',
	range: (value, min, max) => (+value >= +min && +value <= +max) || 'Expecting: value between %d and %d'.format(min, max),
	uciname: value => /^[A-Za-z0-9_]+$/.test(value) || 'Expecting: valid UCI identifier'
};

function checked(type, value) {
	const all = /^and\((.*)\)$/.exec(type);
	const parts = all ? all[1].split(/,(?![^(]*\))/) : [ type ];

	for (const part of parts) {
		const m = /^(\w+)(?:\((.*)\))?$/.exec(part);
		const outcome = datatypes[m[1]](value, ...(m[2] || '').split(','));

		if (outcome !== true)
			return outcome;
	}

	return true;
}

const AbstractValue = baseclass.extend({
	__init__(map, section, option, title, description) {
		Object.assign(this, { map: map, section: section, option: option, title: title, description: description,
			rmempty: true, default: null, inputs: {} });
	},

	value(key, word) {
		(this.choices = this.choices || []).push([ String(key), String(word === undefined ? key : word) ]);
	},

	cbid(id) {
		return 'cbid.%s.%s.%s'.format(this.map.config, id, this.option);
	},

	load(id) {
		return uci.get(this.map.config, id, this.option);
	},

	validate: () => true,

	/* What is wrong with one value. */
	problem(id, value) {
		if (empty(value))
			return this.rmempty || this.optional ? null : 'Expecting: non-empty value';

		for (const outcome of [ this.datatype ? checked(this.datatype, value) : true, this.validate(id, value) ])
			if (outcome !== true)
				return outcome;

		return null;
	},

	textvalue(id) {
		const value = this.load(id);

		return empty(value) && empty(this.default) ? null : L.toArray(empty(value) ? this.default : value).join(' ');
	},

	/* The field with its label. `get` of what `widget` makes gives the value. */
	render(id) {
		const value = this.load(id);
		const widget = this.widget(id, empty(value) ? this.default : value);

		this.inputs[id] = widget;
		widget.node.addEventListener('input', () => this.mark(id));

		return E('div', { 'class': 'cbi-value', 'id': 'cbi-%s-%s-%s'.format(this.map.config, id, this.option),
			'data-name': this.option, 'data-field': this.cbid(id) }, [
			E('label', { 'class': 'cbi-value-title', 'for': 'widget.' + this.cbid(id) }, [ this.title ]),
			E('div', { 'class': 'cbi-value-field' }, [
				E('div', { 'id': this.cbid(id) }, [ widget.node ]),
				this.description ? E('div', { 'class': 'cbi-value-description' }, [ this.description ]) : null
			])
		]);
	},

	mark(id) {
		const found = this.invalid(id);

		this.inputs[id].node.classList.toggle('cbi-input-invalid', found !== null);

		return found;
	},

	invalid(id) {
		const value = this.inputs[id].get();

		if (!Array.isArray(value))
			return this.problem(id, value);

		return (value.length ? value : [ '' ]).map(one => this.problem(id, one)).find(one => one !== null) || null;
	},

	parse(id) {
		const value = this.inputs[id].get();
		const found = this.mark(id);

		if (found !== null)
			throw new TypeError('Option "%s" contains an invalid input value. %s'.format(this.title, found));

		if (empty(value) || (String(value) == this.default && this.rmempty))
			uci.unset(this.map.config, id, this.option);
		else
			uci.set(this.map.config, id, this.option, value);
	},

	input(id, name, attributes, children) {
		return E(name, Object.assign({ 'id': 'widget.' + this.cbid(id), 'disabled': this.map.readonly || null }, attributes), children);
	}
});

const Value = AbstractValue.extend({
	widget(id, value) {
		const node = this.input(id, 'input', { 'class': 'cbi-input-text', 'type': this.password ? 'password' : 'text',
			'placeholder': this.placeholder, 'value': value });

		return { node: node, get: () => node.value };
	}
});

const Flag = AbstractValue.extend({
	default: '0',

	__init__(...args) {
		AbstractValue.prototype.__init__.apply(this, args);
		this.default = '0';
	},

	widget(id, value) {
		const node = this.input(id, 'input', { 'type': 'checkbox', 'checked': value == '1' || null });

		return { node: node, get: () => node.checked ? '1' : '0' };
	},

	textvalue(id) {
		return (this.load(id) || this.default) == '1' ? 'Yes' : 'No';
	}
});

const ListValue = AbstractValue.extend({
	widget(id, value) {
		const node = this.input(id, 'select', { 'class': 'cbi-input-select' }, this.choices.map(c =>
			E('option', { 'value': c[0], 'selected': c[0] == value || null }, [ c[1] ])));

		return { node: node, get: () => node.value };
	}
});

const MultiValue = AbstractValue.extend({
	widget(id, value) {
		const chosen = L.toArray(value);
		const node = E('div', {}, this.choices.map(c => E('label', {}, [
			E('input', { 'type': 'checkbox', 'value': c[0], 'checked': chosen.includes(c[0]) || null, 'disabled': this.map.readonly || null }),
			' ' + c[1], E('br')
		])));

		return { node: node, get: () => Array.from(node.querySelectorAll(':checked'), box => box.value) };
	}
});

const DynamicList = AbstractValue.extend({
	widget(id, value) {
		const node = E('div', { 'class': 'cbi-dynlist' });
		const item = text => E('div', { 'class': 'item' }, [ E('span', {}, [ text ]), E('input', { 'type': 'hidden', 'value': text }) ]);
		const entry = E('input', { 'type': 'text', 'class': 'cbi-input-text', 'placeholder': this.placeholder, 'disabled': this.map.readonly || null });
		const take = () => {
			if (!empty(entry.value) && this.problem(id, entry.value) === null) {
				entry.parentNode.before(item(entry.value));
				entry.value = '';
			}
		};

		entry.addEventListener('change', take);
		dom.append(node, L.toArray(value).map(item).concat([ E('div', { 'class': 'add-item' }, [ entry ]) ]));

		return { node: node, get: () => Array.from(node.querySelectorAll('.item input'), box => box.value) };
	}
});

const TypedSection = baseclass.extend({
	__init__(map, type, title, description) {
		Object.assign(this, { map: map, sectiontype: type, title: title, description: description, options: [] });
	},

	ids() {
		return uci.sections(this.map.config, this.sectiontype).map(s => s['.name']);
	},

	tab(name, title) {
		(this.tablist = this.tablist || []).push([ name, title ]);
	},

	option(kind, ...args) {
		const made = new kind(this.map, this, ...args);

		this.options.push(made);

		return made;
	},

	taboption(tab, ...args) {
		return Object.assign(this.option(...args), { tab: tab });
	},

	/* All options of a section, on its tabs. */
	fields(id) {
		const nodes = !this.tablist ? this.options.map(o => o.render(id)) : this.tablist.map(tab =>
			E('div', { 'data-tab': tab[0], 'data-tab-title': tab[1] }, this.options.filter(o => o.tab == tab[0]).map(o => o.render(id))));

		return E('div', { 'class': 'cbi-section-node' + (this.tablist ? ' cbi-section-node-tabbed' : ''), 'data-section-id': id }, nodes);
	},

	heading() {
		return [ E('h3', {}, [ this.title ]), this.description ? E('div', { 'class': 'cbi-section-descr' }, [ this.description ]) : null ];
	},

	frame(nodes) {
		return E('div', { 'id': 'cbi-%s-%s'.format(this.map.config, this.sectiontype), 'class': 'cbi-section',
			'data-tab': this.map.tabbed ? this.sectiontype : null, 'data-tab-title': this.map.tabbed ? this.title : null },
			[ ...this.heading(), ...nodes ]);
	},

	render() {
		return this.frame(this.ids().map(id => this.fields(id)));
	},

	parse() {
		for (const id of this.ids())
			this.options.forEach(o => o.inputs[id] && o.parse(id));
	}
});

const GridSection = TypedSection.extend({
	/* A dialog with all options of a section; a new one that is dismissed is none. What was
	 * changed on the page behind it is not saved with it, and lost. */
	edit(id, isNew) {
		const node = this.fields(id);

		ui.showModal([ this.modaltitle(id) ], [
			E('div', { 'class': 'cbi-map' }, [ E('div', { 'class': 'cbi-section' }, [ node ]) ]),
			E('div', { 'class': 'button-row' }, [
				E('button', { 'class': 'btn cbi-button', 'click': () => {
					if (isNew)
						uci.remove(this.map.config, id);

					this.close();
				} }, [ 'Dismiss' ]),
				' ',
				E('button', { 'class': 'btn cbi-button cbi-button-positive', 'disabled': this.map.readonly || null, 'click': () => {
					this.options.forEach(o => o.parse(id));


					return this.saved().then(() => this.close());
				} }, [ 'Save' ])
			])
		], 'cbi-modal');

		if (this.tablist)
			ui.tabs.initTabGroup(node.childNodes);
	},

	close() {
		this.options.forEach(o => o.inputs = {});
		ui.hideModal();
	},

	saved() {
		return uci.save().then(() => this.map.reset());
	},

	render() {
		const shown = this.options.filter(o => !o.modalonly);
		const rows = this.ids().map(id => E('tr', { 'class': 'tr cbi-section-table-row', 'data-sid': id }, [
			E('td', { 'class': 'td cbi-section-table-titles' }, [ id ]),
			...shown.map(o => E('td', { 'class': 'td', 'data-name': o.option }, [ o.textvalue(id) || E('em', {}, [ 'none' ]) ])),
			E('td', { 'class': 'td cbi-section-actions' }, [
				E('button', { 'class': 'btn cbi-button cbi-button-edit', 'click': () => this.edit(id) }, [ 'Edit' ]),
				E('button', { 'class': 'btn cbi-button cbi-button-remove', 'disabled': this.map.readonly || null,
					'click': () => { uci.remove(this.map.config, id); return this.saved(); } }, [ 'Delete' ])
			])
		]));
		const name = E('input', { 'type': 'text', 'class': 'cbi-section-create-name', 'disabled': this.map.readonly || null });
		const add = () => {
			if (checked('uciname', name.value) === true)
				this.edit(uci.add(this.map.config, this.sectiontype, name.value), true);
		};

		return this.frame([
			E('table', { 'class': 'table cbi-section-table' }, [
				E('tr', { 'class': 'tr cbi-section-table-titles' }, [ E('th', { 'class': 'th' }, [ 'Name' ]),
					...shown.map(o => E('th', { 'class': 'th' }, [ o.title ])), E('th', { 'class': 'th' }) ]),
				...(rows.length ? rows : [ E('tr', { 'class': 'tr placeholder' }, [ E('td', { 'class': 'td' }, [ 'This section contains no values yet' ]) ]) ])
			]),
			E('div', { 'class': 'cbi-section-create' }, [ name, ' ',
				E('button', { 'class': 'btn cbi-button cbi-button-add', 'disabled': this.map.readonly || null, 'click': add }, [ 'Add' ]) ])
		]);
	}
});

const Map = baseclass.extend({
	__init__(config, title, description) {
		Object.assign(this, { config: config, title: title, description: description, sectionlist: [] });
	},

	section(kind, ...args) {
		const made = new kind(this, ...args);

		this.sectionlist.push(made);

		return made;
	},

	async render() {
		this.readonly = !await callAccess('uci', this.config, 'write');
		await uci.load(this.config);
		this.root = E('div', { 'id': 'cbi-' + this.config, 'class': 'cbi-map' });
		dom.bindClassInstance(this.root, this);

		return this.reset();
	},

	reset() {
		const body = E('div', this.tabbed ? { 'class': 'cbi-map-tabbed' } : {}, this.sectionlist.map(s => s.render()));

		dom.content(this.root, [ E('h2', {}, [ this.title ]), this.description ? E('div', { 'class': 'cbi-map-descr' }, [ this.description ]) : null, body ]);

		for (const group of this.root.querySelectorAll('.cbi-map-tabbed, .cbi-section-node-tabbed'))
			ui.tabs.initTabGroup(group.childNodes);

		return this.root;
	},

	async save() {
		try {
			this.sectionlist.forEach(s => s.parse());
		}
		catch (problem) {
			ui.showModal([ 'Save error' ], [ E('p', {}, [ problem.message ]),
				E('button', { 'class': 'btn cbi-button', 'click': ui.hideModal }, [ 'Dismiss' ]) ]);
			throw problem;
		}

		await uci.save();

		return this.reset();
	}
});

return baseclass.extend({
	Map: Map,
	TypedSection: TypedSection,
	GridSection: GridSection,
	Value: Value,
	Flag: Flag,
	ListValue: ListValue,
	MultiValue: MultiValue,
	DynamicList: DynamicList
});
