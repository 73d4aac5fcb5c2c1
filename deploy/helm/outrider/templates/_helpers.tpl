{{/*
Puts the chart's defaults where the values have nothing: with --reuse-values helm brings the values of the version
before, and a value that is new in this one would be missing. What somebody took away from a block whose content is free
stays away. Every template begins with it.
*/}}
{{- define "outrider.fill" -}}
{{- $values := .Values -}}
{{- $free := list "resources" "podSecurityContext" "securityContext" "grafanaDashboard" -}}
{{- range $key, $default := .Files.Get "files/defaults.yaml" | fromYaml -}}
{{- $value := get $values $key -}}
{{- if or (not (hasKey $values $key)) (kindIs "invalid" $value) -}}
{{- $_ := set $values $key $default -}}
{{- else if and (kindIs "map" $default) (kindIs "map" $value) (not (has $key $free)) -}}
{{- range $inner, $innerDefault := $default -}}
{{- if not (hasKey $value $inner) -}}{{- $_ := set $value $inner $innerDefault -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "outrider.name" -}}
{{- coalesce .Values.fullnameOverride .Values.nameOverride .Values.instance -}}
{{- end -}}

{{- define "outrider.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{- define "outrider.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "outrider.name" .) "default") -}}
{{- end -}}

{{- define "outrider.selector" -}}
app.kubernetes.io/name: outrider
app.kubernetes.io/instance: {{ include "outrider.name" . }}
{{- end -}}

{{/* Labels of an object. What is ours wins, so that no key stands twice. */}}
{{- define "outrider.labels" -}}
{{- include "outrider.labelsWith" (dict "root" . "more" dict) -}}
{{- end -}}

{{/* The same with more of the object's own. */}}
{{- define "outrider.labelsWith" -}}
{{- $own := include "outrider.selector" .root | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- merge $own (.more | default dict) (.root.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/* Labels of the server's pods: by some of them replicas tell each other what they understand. */}}
{{- define "outrider.podLabels" -}}
{{- $own := include "outrider.selector" . | fromYaml -}}
{{- /* A pod without these is of a version before. */ -}}
{{- $_ := set $own "outrider.dev/agent-argv" "config-map" -}}
{{- $_ := set $own "outrider.dev/in-force" "hash" -}}
{{- $_ := set $own "outrider.dev/port" "token" -}}
{{- /* And that it answers about running pods. */ -}}
{{- $_ := set $own "outrider.dev/ways" "sessions" -}}
{{- merge $own .Values.podLabels .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Annotations of the server's pods. What is read at the start only makes new pods when it changes. */}}
{{- define "outrider.podAnnotations" -}}
{{- $own := dict -}}
{{- with .Values.registryConfig }}{{ $_ := set $own "checksum/registry-config" (toYaml . | sha256sum) }}{{ end -}}
{{- with .Values.imageConfig }}{{ $_ := set $own "checksum/image-config" (toYaml . | sha256sum) }}{{ end -}}
{{- with merge $own .Values.podAnnotations }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* The one registry for everything, if there is one. */}}
{{- define "outrider.imageRegistry" -}}
{{- .Values.imageRegistry | default (.Values.global.imageRegistry | default "") | trimSuffix "/" -}}
{{- end -}}

{{/* Pull secrets of our own pods, as a pod's spec has them; empty without any. */}}
{{- define "outrider.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets (.Values.global.imagePullSecrets | default list) -}}
{{- $names = append $names (kindIs "map" . | ternary (get (kindIs "map" . | ternary . dict) "name") .) -}}
{{- end -}}
{{- with uniq $names }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "outrider.image" -}}
{{- $image := .Values.image -}}
{{- $registry := include "outrider.imageRegistry" . | default $image.registry | trimSuffix "/" -}}
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
{{- with include "outrider.imageRegistry" . -}}
{{- $registry := . -}}
{{- range list "quay.io" "public.ecr.aws" -}}
{{- $rewrites = append $rewrites (printf "%s/=%s/" . $registry) -}}
{{- end -}}
{{- end -}}
{{- toJson $rewrites -}}
{{- end -}}

{{/* What the default policy is called: policies are cluster-wide, and another installation may have one. */}}
{{- define "outrider.defaultPolicyName" -}}
{{- $name := include "outrider.name" . -}}
{{- eq $name "outrider" | ternary "default" (printf "%s-default" $name) -}}
{{- end -}}

{{/* Every policy of the values, by name. */}}
{{- define "outrider.policies" -}}
{{- $policies := deepCopy .Values.policies -}}
{{- if .Values.defaultPolicy.create -}}
{{- $_ := set $policies (include "outrider.defaultPolicyName" .) .Values.defaultPolicy.spec -}}
{{- end -}}
{{- toJson $policies -}}
{{- end -}}

{{/* "true" when Secrets are mirrored, else empty. */}}
{{- define "outrider.mirrorSecrets" -}}
{{- if eq (toString .Values.mirrorSecrets) "auto" -}}
{{- range include "outrider.policies" . | fromJson -}}
{{- if or (.credentials | default dict).mirror (.agent | default dict).mirrorPullSecrets -}}true{{- end -}}
{{- end -}}
{{- else if .Values.mirrorSecrets -}}true{{- end -}}
{{- end -}}

{{/* The API server's own policies have names of a fixed list, so that a right can be given for these alone. */}}
{{- define "outrider.policyNames" -}}
{{- $name := include "outrider.name" . -}}
{{- range untilStep 1 17 1 }}{{ $name }}-{{ . }}, {{ end }}{{ $name }}-probe
{{- end -}}

{{/* The rights to take the API server's own policies away. */}}
{{- define "outrider.removesPolicies" -}}
- apiGroups: [admissionregistration.k8s.io]
  resources: [{{ include "outrider.policyKinds" . }}]
  verbs: [list]
- apiGroups: [admissionregistration.k8s.io]
  resources: [{{ include "outrider.policyKinds" . }}]
  resourceNames: [{{ include "outrider.policyNames" . }}]
  verbs: [delete]
- apiGroups: [outrider.dev]
  resources: [instrumentationplans]
  verbs: [list, delete]
{{- end -}}

{{- define "outrider.policyKinds" -}}
mutatingadmissionpolicies, mutatingadmissionpolicybindings, validatingadmissionpolicies, validatingadmissionpolicybindings
{{- end -}}

{{/* Name of the Secret with the certificate; empty where Outrider makes it itself. */}}
{{- define "outrider.certificateSecret" -}}
{{- if eq .Values.certificates.source "cert-manager" -}}
{{- include "outrider.name" . }}-tls
{{- else if eq .Values.certificates.source "secret" -}}
{{- required "certificates.secretName is needed with certificates.source: secret" .Values.certificates.secretName -}}
{{- end -}}
{{- end -}}

{{/* Flags that say which installation it is about. */}}
{{- define "outrider.ownFlags" -}}
- --instance={{ include "outrider.name" . }}
- --own-namespace={{ include "outrider.namespace" . }}
{{- end -}}

{{/* Annotations of a pre-delete hook; the argument is its weight. */}}
{{- define "outrider.preDelete" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* What the pods of hooks and tests have in common with the server's. */}}
{{- define "outrider.toolPod" -}}
serviceAccountName: {{ .serviceAccount | quote }}
enableServiceLinks: false
{{- include "outrider.imagePullSecrets" .root }}
{{- include "outrider.network" .root }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Container of a hook or test; "tool" is its block of the values. */}}
{{- define "outrider.toolContainer" -}}
image: {{ .tool.image | default (include "outrider.image" .root) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- with .tool.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* How a pod finds other hosts, but for the server's dnsPolicy under hostNetwork. */}}
{{- define "outrider.network" -}}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "outrider.testSelector" -}}
app.kubernetes.io/name: outrider-test
app.kubernetes.io/instance: {{ include "outrider.name" . }}
{{- end -}}

{{/* How an endpoint is scraped; the argument is the monitor's block of the values. */}}
{{- define "outrider.scrape" -}}
interval: {{ .interval }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels of the pods of hooks and tests: neither is the server's. */}}
{{- define "outrider.hookSelector" -}}
{{- merge (dict "app.kubernetes.io/name" "outrider-pre-delete" "app.kubernetes.io/instance" (include "outrider.name" .)) .Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "outrider.testLabels" -}}
{{- merge (include "outrider.testSelector" . | fromYaml) .Values.commonLabels | toYaml -}}
{{- end -}}
