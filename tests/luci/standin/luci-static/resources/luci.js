/* A stand-in for LuCI's luci.js: what the pages of goipd use of it, in the same shapes. It loads
 * modules by their 'require' lines as LuCI does, and keeps LuCI's habit of taking a plain string
 * for HTML; but it says so, and then a test fails. */
'use strict';

(function(window, document) {
	const env = {};

	class Class {
		static extend(properties) {
			const Base = this;
			const Sub = class extends Base {};

			for (const key in properties)
				Sub.prototype[key] = properties[key];

			return Sub;
		}

		static singleton(properties) {
			return new (this.extend(properties))();
		}

		constructor(...args) {
			if (this.__init__)
				this.__init__(...args);
		}
	}

	const instances = new WeakMap();

	const dom = Class.singleton({
		elem: e => e !== null && typeof(e) == 'object' && 'nodeType' in e,

		append(node, children) {
			if (Array.isArray(children))
				for (const child of children)
					node.append(...(child === null || child === undefined ? [] : [ dom.elem(child) ? child : String(child) ]));
			else if (dom.elem(children))
				node.append(children);
			else if (children !== null && children !== undefined) {
				console.error('taken for HTML: ' + children);
				node.innerHTML = String(children);
			}

			return node.lastChild;
		},

		content(node, children) {
			node.textContent = '';

			return dom.append(node, children);
		},

		attr(node, attributes) {
			for (const [ key, value ] of Object.entries(attributes))
				if (typeof(value) == 'function')
					node.addEventListener(key, value);
				else if (value !== null && value !== undefined)
					node.setAttribute(key, typeof(value) == 'object' ? JSON.stringify(value) : value);
		},

		create(name, attributes, children) {
			const plain = attributes !== null && typeof(attributes) == 'object' && !Array.isArray(attributes) && !dom.elem(attributes);
			const node = Array.isArray(name) ? document.createDocumentFragment() : document.createElement(name);

			if (plain)
				dom.attr(node, attributes);

			dom.append(node, Array.isArray(name) ? name : plain ? children : attributes);

			return node;
		},

		bindClassInstance: (node, instance) => instances.set(node, instance),

		findClassInstance(node) {
			while (node && !instances.has(node))
				node = node.parentNode;

			return instances.get(node);
		}
	});

	const poll = Class.singleton({
		queue: [],
		tick: 0,

		add(fn, interval) {
			poll.queue.push({ fn: fn, interval: interval || env.pollinterval, ready: true });
		},

		step() {
			for (const entry of poll.queue) {
				if (poll.tick % entry.interval || !entry.ready)
					continue;

				entry.ready = false;
				Promise.resolve(entry.fn()).finally(() => entry.ready = true);
			}

			poll.tick++;
		},

		start() {
			window.setInterval(poll.step, 1000);
			poll.step();
		}
	});

	const View = Class.extend({
		__init__() {
			const place = document.getElementById('view');

			loaded.then(() => this.load()).then(data => this.render(data)).then(nodes => {
				dom.content(place, nodes);
				dom.append(place, this.addFooter());
			}).catch(L.error);
		},

		load() {},

		maps: () => Array.from(document.querySelectorAll('#view .cbi-map'), node => dom.findClassInstance(node)),

		handleSave() {
			return Promise.all(this.maps().map(map => map.save()));
		},

		handleSaveApply() {
			return this.handleSave().then(() => classes.ui.changes.apply(true));
		},

		handleReset() {
			return Promise.all(this.maps().map(map => map.reset()));
		},

		addFooter() {
			const maps = this.maps();
			const readonly = maps.length ? maps.every(map => map.readonly) : !L.hasViewPermission();
			const buttons = [ [ 'handleSaveApply', 'Save & Apply' ], [ 'handleSave', 'Save' ], [ 'handleReset', 'Reset' ] ]
				.filter(b => this[b[0]])
				.map(b => E('button', { 'class': 'btn cbi-button', 'disabled': readonly || null,
					'click': classes.ui.createHandlerFn(this, b[0]) }, [ b[1] ]));

			return buttons.length ? E('div', { 'class': 'cbi-page-actions' }, buttons) : E([]);
		}
	});

	const classes = { baseclass: Class, dom: dom, poll: poll, view: View };
	let loaded;

	/* The 'require' lines at the head of a module, as [ name, alias ]. */
	function requirements(source) {
		const found = [];
		const head = /\s*(?:\/\*[^]*?\*\/\s*)*'(?:use strict|require +(\S+?)(?: +as +(\w+))?)';/y;

		for (let m; (m = head.exec(source)) !== null; )
			if (m[1])
				found.push([ m[1], m[2] || m[1].replace(/\W/g, '_') ]);

		return found;
	}

	async function load(name) {
		const url = '/luci-static/resources/' + name.replace(/\./g, '/') + '.js';
		const reply = await fetch(url);

		if (!reply.ok)
			throw new Error('HTTP error ' + reply.status + ' while loading ' + url);

		const source = await reply.text();
		const needs = requirements(source);
		const instances = await Promise.all(needs.map(need => L.require(need[0])));
		const factory = new Function('window', 'document', 'L', ...needs.map(need => need[1]), source + '\n//# sourceURL=' + url);

		return new (factory(window, document, L, ...instances))();
	}

	window.E = dom.create;

	window.LuCI = class {
		constructor(environment) {
			Object.assign(env, environment);
			this.env = env;
			this.dom = dom;
			window.L = this;
			loaded = Promise.all([ new Promise(ready => document.addEventListener('DOMContentLoaded', ready)),
				this.require('ui'), this.require('rpc') ]).then(() => poll.start());
		}

		require(name) {
			if (!(name in classes))
				classes[name] = load(name).then(instance => classes[name] = instance);

			return Promise.resolve(classes[name]);
		}

		url(...parts) {
			return [ env.scriptname, ...parts ].join('/');
		}

		toArray(value) {
			return value === null || value === undefined ? [] : Array.isArray(value) ? value : String(value).split(/\s+/).filter(Boolean);
		}

		hasViewPermission() {
			return env.nodespec.satisfied ? !env.nodespec.readonly : null;
		}

		error(problem) {
			dom.content(document.getElementById('view'), E('pre', { 'class': 'alert-message error' }, [ problem.stack || problem ]));
			throw problem;
		}
	};
})(window, document);
