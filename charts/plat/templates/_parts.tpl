{{- define "plat.labels" -}}
app.kubernetes.io/name: plat
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* Selector labels of a component: (list $ "gateway"). */}}
{{- define "plat.selector" -}}
{app.kubernetes.io/instance: {{ (index . 0).Release.Name }}, app.kubernetes.io/component: {{ index . 1 }}}
{{- end }}

{{- define "plat.secret" -}}
{{ .Values.existingSecret | default (printf "%s-token" .Release.Name) }}
{{- end }}

{{/* Name of the Secret with DATABASE_URL, or empty without a database. */}}
{{- define "plat.databaseSecret" -}}
{{ .Values.database.urlSecret | default (ternary (printf "%s-postgres" .Release.Name) "" .Values.postgres.enabled) }}
{{- end }}

{{- define "plat.publicUrl" -}}
{{- $scheme := ternary "https" "http" (ne .Values.ingress.tlsSecret "") -}}
{{- $own := ternary (printf "%s://%s" $scheme .Values.ingress.host) "http://localhost:8080" .Values.ingress.enabled -}}
{{ .Values.publicUrl | default $own }}
{{- end }}

{{- define "plat.builderUrl" -}}
{{ ternary (printf "http://%s-builder:8082" .Release.Name) .Values.builderUrl .Values.builder.enabled }}
{{- end }}

{{- define "plat.registryName" -}}
{{- $own := ternary (printf "localhost:%d" (int .Values.registry.nodePort)) "localhost:5001" .Values.registry.enabled -}}
{{ .Values.registry.name | default $own }}
{{- end }}

{{- define "plat.registryUrl" -}}
{{- $host := first (splitList "/" (include "plat.registryName" .)) -}}
{{- $elsewhere := ternary "http://kind-registry:5000" (printf "https://%s" $host) (hasPrefix "localhost" $host) -}}
{{- $own := ternary (printf "http://%s-registry:5000" .Release.Name) $elsewhere .Values.registry.enabled -}}
{{ .Values.registry.url | default $own }}
{{- end }}

{{/* Port of a URL. */}}
{{- define "plat.port" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{ $port | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/* Security context for the Pod Security Standard restricted. */}}
{{- define "plat.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "plat.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Common pod fields of a component: (list $ "gateway"). */}}
{{- define "plat.pod" -}}
{{- $ := index . 0 -}}
enableServiceLinks: false
securityContext: {{- include "plat.podSecurity" $ | nindent 2 }}
{{- with $.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "plat.selector" . }}}
{{- end }}

{{- define "plat.metadata" -}}
{{- $ := index . 0 -}}
labels:
  {{- include "plat.labels" $ | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
{{- if $.Values.authToken }}
annotations:
  # a new token restarts the pod
  plat.dev/token: {{ $.Values.authToken | sha256sum | trunc 16 }}
{{- end }}
{{- end }}

{{- define "plat.environment" -}}
- name: AUTH_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "plat.secret" . }}, key: AUTH_TOKEN}}
- name: PLAT_PUBLIC_URL
  value: {{ include "plat.publicUrl" . | quote }}
{{- with include "plat.builderUrl" . }}
- name: BUILDER_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "plat.proxy" -}}
{{- with .Values.network.proxy }}
- {name: HTTP_PROXY, value: {{ . | quote }}}
- {name: HTTPS_PROXY, value: {{ . | quote }}}
- {name: NO_PROXY, value: {{ list "localhost,127.0.0.1,.svc,.cluster.local" $.Values.network.noProxy | compact | join "," | quote }}}
{{- end }}
{{- end }}
