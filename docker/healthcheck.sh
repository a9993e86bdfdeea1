#!/bin/bash
# Healthy is ready: joined, in agreement, serving clients.
exec 3<>/dev/tcp/127.0.0.1/7080 || exit 1
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
IFS= read -r status <&3
case $status in *" 200 "*) exit 0 ;; *) exit 1 ;; esac
