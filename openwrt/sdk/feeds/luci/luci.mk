# A LuCI app: what lies in htdocs goes to /www, what lies in root to /.

PKG_NAME := $(PACKAGE)
PKG_VERSION ?= $(shell sed -n 's/^PKG_VERSION:=//p' ../Makefile)
PKG_RELEASE ?= 1
PKG_MAINTAINER ?= $(shell sed -n 's/^PKG_MAINTAINER:=//p' ../Makefile)

include $(INCLUDE_DIR)/package.mk

define Package/$(PKG_NAME)
  SECTION:=luci
  TITLE:=$(LUCI_TITLE)
  DEPENDS:=$(LUCI_DEPENDS)
endef

define Package/$(PKG_NAME)/description
  $(or $(LUCI_DESCRIPTION),$(LUCI_TITLE))
endef

define Package/$(PKG_NAME)/install
	$(INSTALL_DIR) $(1)/www
	$(CP) htdocs/. $(1)/www/
	$(CP) root/. $(1)/
	find $(1) -type d -exec chmod 0755 '{}' + -o -type f -exec chmod 0644 '{}' +
endef

# LuCI keeps the menu, and rpcd the permissions.
define Package/$(PKG_NAME)/postinst
#!/bin/sh
[ -z "$${IPKG_INSTROOT}" ] || exit 0
rm -f /tmp/luci-indexcache*
rm -rf /tmp/luci-modulecache/
killall -HUP rpcd 2>/dev/null
exit 0
endef

$(eval $(call BuildPackage,$(PKG_NAME)))
