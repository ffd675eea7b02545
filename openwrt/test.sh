#!/bin/sh
# What the feed's tests run on the installed package: test.sh PACKAGE VERSION
case $1 in
goipd | goipd-https)
	goipd --version | grep -qF "$2" || exit 1
	goipctl --version | grep -qF "$2" || exit 1
	goipctl check /etc/config/goipd || exit 1
	;;
esac
