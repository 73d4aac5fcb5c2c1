{{- define "outrider.name" -}}
{{- .Values.instance -}}
{{- end -}}

{{- define "outrider.selector" -}}
app.kubernetes.io/name: outrider
app.kubernetes.io/instance: {{ include "outrider.name" . }}
{{- end -}}

{{- define "outrider.labels" -}}
{{ include "outrider.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "outrider.image" -}}
{{- $image := .Values.image -}}
{{- $registry := .Values.imageRegistry | default $image.registry | trimSuffix "/" -}}
{{- $reference := printf "%s/%s" $registry $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $reference $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $reference ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The image rewrites, as FROM=TO, the values' own first. */}}
{{- define "outrider.imageRewrites" -}}
{{- $rewrites := list -}}
{{- range .Values.imageRewrites -}}
{{- $rewrites = append $rewrites (printf "%s=%s" .from .to) -}}
{{- end -}}
{{- with .Values.imageRegistry | trimSuffix "/" -}}
{{- range list "quay.io" "public.ecr.aws" -}}
{{- $rewrites = append $rewrites (printf "%s/=%s/" . ($.Values.imageRegistry | trimSuffix "/")) -}}
{{- end -}}
{{- end -}}
{{- toJson $rewrites -}}
{{- end -}}

{{/* Every policy of the values, by name. */}}
{{- define "outrider.policies" -}}
{{- $policies := deepCopy .Values.policies -}}
{{- if .Values.defaultPolicy.create -}}
{{- $_ := set $policies "default" .Values.defaultPolicy.spec -}}
{{- end -}}
{{- toJson $policies -}}
{{- end -}}

{{/* "true" when Secrets are mirrored, else empty. */}}
{{- define "outrider.mirrorSecrets" -}}
{{- if eq (toString .Values.mirrorSecrets) "auto" -}}
{{- range include "outrider.policies" . | fromJson -}}
{{- if (.credentials | default dict).mirror -}}true{{- end -}}
{{- end -}}
{{- else if .Values.mirrorSecrets -}}true{{- end -}}
{{- end -}}

{{/* Name of the Secret with the certificate; empty where Outrider makes it itself. */}}
{{- define "outrider.certificateSecret" -}}
{{- if eq .Values.certificates.source "cert-manager" -}}
{{- include "outrider.name" . }}-tls
{{- else if eq .Values.certificates.source "secret" -}}
{{- required "certificates.secretName is needed with certificates.source: secret" .Values.certificates.secretName -}}
{{- end -}}
{{- end -}}

{{- define "outrider.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* No uid: the image has one that is not root, and OpenShift gives its own. */}}
{{- define "outrider.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Flags that say which installation it is about. */}}
{{- define "outrider.ownFlags" -}}
- --instance={{ include "outrider.name" . }}
- --own-namespace={{ .Release.Namespace }}
{{- end -}}

{{/* Annotations of a pre-delete hook; the argument is its weight. */}}
{{- define "outrider.preDelete" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* What the pods of hooks and tests have in common with the server's. */}}
{{- define "outrider.toolPod" -}}
serviceAccountName: {{ .serviceAccount }}
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "outrider.podSecurityContext" .root | nindent 2 }}
{{- end -}}

{{- define "outrider.toolContainer" -}}
image: {{ include "outrider.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  requests:
    cpu: 50m
    memory: 96Mi
  limits:
    memory: 256Mi
securityContext:
  {{- include "outrider.securityContext" . | nindent 2 }}
{{- end -}}

{{- define "outrider.testSelector" -}}
app.kubernetes.io/name: outrider-test
app.kubernetes.io/instance: {{ include "outrider.name" . }}
{{- end -}}
