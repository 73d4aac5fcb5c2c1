{{/* "true" where look-ups may go through a proxy, by the values or by extraEnv. */}}
{{- define "outrider.proxied" -}}
{{- $proxied := or .Values.proxy.https .Values.proxy.http -}}
{{- range .Values.extraEnv -}}
{{- if has (upper .name) (list "HTTPS_PROXY" "HTTP_PROXY") -}}{{- $proxied = true -}}{{- end -}}
{{- end -}}
{{- if $proxied -}}true{{- end -}}
{{- end -}}

{{/* Whether NO_PROXY is for the chart to say. */}}
{{- define "outrider.setsNoProxy" -}}
{{- $sets := include "outrider.proxied" . -}}
{{- range .Values.extraEnv -}}
{{- if eq (upper .name) "NO_PROXY" -}}{{- $sets = "" -}}{{- end -}}
{{- end -}}
{{- $sets -}}
{{- end -}}

{{/* Variables that extraEnv cannot have: the chart's. */}}
{{- define "outrider.ownEnvNames" -}}
{{- $names := list "OUTRIDER_IDENTITY" -}}
{{- if .Values.proxy.https -}}{{- $names = append $names "HTTPS_PROXY" -}}{{- end -}}
{{- if .Values.proxy.http -}}{{- $names = append $names "HTTP_PROXY" -}}{{- end -}}
{{- if and (or .Values.caBundle.configMap .Values.caBundle.secret) .Values.caBundle.key -}}{{- $names = append $names "NODE_EXTRA_CA_CERTS" -}}{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* The server's environment beside its identity. */}}
{{- define "outrider.env" -}}
{{- with .Values.proxy.https }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .Values.proxy.http }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if include "outrider.setsNoProxy" . }}
# The kubelet puts the API server's address in; the lower-case spelling, if the image has one, would win.
- name: NO_PROXY
  value: {{ concat (list "localhost" "127.0.0.1" "::1" "$(KUBERNETES_SERVICE_HOST)" "kubernetes.default" ".svc" ".cluster.local") .Values.proxy.noProxy | join "," | quote }}
{{- end }}
{{- if and (or .Values.caBundle.configMap .Values.caBundle.secret) .Values.caBundle.key }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/outrider/ca/{{ .Values.caBundle.key }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
