/**
 * The closed list of reasons. One code is in the warning, the audit annotation, the metric's label, the log line,
 * `explain` and docs/reasons.md, which is made from this table. A code is never renamed and never used again.
 */
interface ReasonText {
  /**
   * What a code is about: the whole decision, one container of it, a remark that changes no decision; or a session in a running
   * pod, or an update of one.
   */
  readonly about: 'decision' | 'container' | 'remark' | 'session';
  /** One sentence, without the names of the pod at hand. */
  readonly summary: string;
  /** What to do about it. */
  readonly remedy: string;
  /** True for a reason that the pod proves, alone or with its namespace, which a policy may list in `admitUninstrumented`. */
  readonly admissible?: true;
  /** True for what a pod's author can cause at will to run untraced: denied under `optOut: Forbidden`, too. */
  readonly optsOut?: true;
  /**
   * For a skip: who is told. Absent: whoever creates the pod, by a warning, and whoever looks at its controller, by an
   * Event. `warning`: only the former. `nobody`: it was asked for, and a message for each pod would be noise.
   */
  readonly tells?: 'warning' | 'nobody';
}

const table = {
  injected: {
    about: 'decision',
    summary: 'Every container that the policy asks for is instrumented.',
    remedy: 'Nothing to do.',
  },
  other_request: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The request is about nothing that Outrider judges.',
    remedy:
      'Nothing to do: Outrider looks at the creation of pods, at exec and attach sessions, at debug containers, and at other images or resources for a running pod.',
  },
  no_policy: {
    about: 'decision',
    tells: 'nobody',
    summary: 'No policy matches the pod.',
    remedy: 'Label the namespace outrider.dev/inject=enabled, or write a policy that selects it.',
  },
  policy_off: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The policy that wins for this pod is off.',
    remedy: 'Set its mode to Inject, or let another policy win with a higher precedence.',
  },
  report_mode: {
    about: 'decision',
    tells: 'warning',
    summary: 'The policy only reports; the pod is left as it is.',
    remedy: 'Set the policy’s mode to Inject once the reports look right.',
  },
  canary_excluded: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The policy’s canary leaves this workload out.',
    remedy: 'Raise the policy’s canary.percent, or take canary out once all workloads are to be instrumented.',
  },
  taken_back: {
    about: 'decision',
    summary: 'Parts of ours kept earlier pods of the workload from running, so this one is left alone for now.',
    remedy:
      'Fix what the message names. It is tried again by itself, at once when the policy, the profile, the agent’s image or the workload’s template changes, or by outrider retry. Pods that hang need a rollout restart: outrider restart --taken-back.',
  },
  namespace_excluded: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The namespace is on the list of namespaces that are never touched.',
    remedy: 'Take it off --excluded-namespaces if that is not meant.',
  },
  namespace_opted_out: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The namespace is labelled outrider.dev/inject=disabled.',
    remedy: 'Remove the label, or label the pod outrider.dev/inject=enabled.',
  },
  pod_opted_out: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The pod is labelled outrider.dev/inject=disabled.',
    remedy: 'Remove the label, or set optOut: Forbidden in the policy.',
  },
  inject_label_invalid: {
    about: 'decision',
    summary: 'The label outrider.dev/inject has a value other than enabled or disabled.',
    remedy: 'Write enabled or disabled.',
  },
  host_network: {
    about: 'decision',
    summary: 'The pod uses the host’s network, where the agent’s ports would collide on the node.',
    remedy: 'Turn hostNetwork off, or cover the node with a node agent.',
    admissible: true,
  },
  host_pid: {
    about: 'decision',
    summary: 'The pod uses the host’s process namespace, which excludes a process namespace of the pod’s own.',
    remedy: 'Turn hostPID off, or cover the node with a node agent.',
    admissible: true,
  },
  process_namespace_refused: {
    about: 'decision',
    summary: 'The pod sets shareProcessNamespace to false, and the agent needs it.',
    remedy: 'Remove shareProcessNamespace: false from the pod.',
    admissible: true,
  },
  mirror_pod: {
    about: 'decision',
    summary: 'The pod mirrors a static pod of a kubelet and cannot be changed through the API.',
    remedy: 'Instrument the static manifest with outrider inject.',
    admissible: true,
  },
  windows: {
    about: 'decision',
    summary: 'The pod is for Windows; the tracer is a Linux program.',
    remedy: 'Exclude Windows pods from the policy, or admit them with admitUninstrumented.',
    admissible: true,
  },
  sandboxed_runtime: {
    about: 'decision',
    summary: 'The pod’s runtime class is a sandbox in which the tracer cannot work.',
    remedy: 'Use the default runtime class, or take the class off --sandboxed-runtime-classes if ptrace works in it.',
    admissible: true,
  },
  virtual_node: {
    about: 'decision',
    summary: 'The pod is meant for a virtual node, which does not share a process namespace between containers.',
    remedy: 'Run the pod on a real node, or exclude it from the policy.',
    admissible: true,
  },
  port_taken: {
    about: 'decision',
    summary: 'A container of the pod declares a port that the agent listens on.',
    remedy: 'Move the container to another port, or the agent, where its profile has a setting for it.',
    admissible: true,
  },
  job_needs_native_sidecar: {
    about: 'decision',
    summary: 'The pod has to finish, and a plain sidecar container would keep it running forever.',
    remedy: 'Use a cluster with native sidecars (Kubernetes 1.29 on every node), or placement: Native.',
    admissible: true,
  },
  agent_user_taken: {
    about: 'decision',
    summary: 'A container of the workload runs as the agent’s user, and could read its access key or change its files.',
    remedy: 'Give the container another runAsUser, or Outrider another --agent-user.',
    optsOut: true,
  },
  resources_do_not_fit: {
    about: 'decision',
    summary: 'The namespace’s LimitRanges or quotas leave no room for what the agent needs at least.',
    remedy:
      'Raise the most that the LimitRange allows, set agent.resources or agent.copyResources in the policy, or let such pods run as they are with admitUninstrumented.',
    admissible: true,
    optsOut: true,
  },
  no_container_selected: {
    about: 'decision',
    tells: 'nobody',
    summary: 'The policy and the pod’s annotation select no container.',
    remedy: 'Look at containers.include, containers.exclude and the annotation outrider.dev/containers.',
  },
  no_container_instrumented: {
    about: 'decision',
    summary: 'No selected container can be instrumented, for reasons that differ.',
    remedy: 'See the reason of each container.',
  },
  some_containers_left_out: {
    about: 'decision',
    summary: 'Some of the selected containers cannot be instrumented, for reasons that differ.',
    remedy: 'See the reason of each container.',
  },
  parts_missing: {
    about: 'decision',
    summary: 'The final pod lacks a part of the instrumentation.',
    remedy: 'See which part; another webhook may have taken it off, or the mutating call failed. Create the pod again.',
  },
  parts_differ: {
    about: 'decision',
    summary: 'The pod is instrumented already, in another way than the policy asks.',
    remedy: 'Take the old instrumentation out of the manifest (outrider uninject), or let the policy match it.',
  },
  instrumented_otherwise: {
    about: 'decision',
    summary: 'The pod or task has another profile’s tracer, or an agent that is not ours: no process is traced twice.',
    remedy:
      'Take that instrumentation out first (outrider uninject, or by hand), or let a policy with its profile match.',
    optsOut: true,
  },
  tampered: {
    about: 'decision',
    summary: 'The pod carries a look-alike of the instrumentation, or overrides what the policy reserves.',
    remedy: 'Remove from the pod what is named in the message.',
  },
  policy_invalid: {
    about: 'decision',
    summary: 'The policy is not valid and has no last valid version.',
    remedy: 'Fix the policy; outrider explain and the server’s log name the field.',
  },
  credentials_missing: {
    about: 'decision',
    summary: 'The Secret with the agent’s access key is known to be missing in the pod’s namespace.',
    remedy: 'Create the Secret in the pod’s namespace.',
  },
  credentials_blocked: {
    about: 'decision',
    summary:
      'Where the copy of the agent’s access key belongs stands a Secret that is not Outrider’s, or that differs from its source and cannot be put right.',
    remedy: 'Look at who made the Secret that the message names, and delete it; the copy is then made.',
    optsOut: true,
  },
  agent_image_missing: {
    about: 'decision',
    summary: 'The registry says that the agent’s image does not exist.',
    remedy: 'Fix the image in the policy’s agent.image or the profile’s settings.',
  },
  image_volume_unsupported: {
    about: 'decision',
    summary: 'The policy asks for delivery by an image volume, which this cluster’s runtime cannot mount rightly.',
    remedy: 'Use delivery: Copy, or set --image-volumes where every node runs containerd 2.2 or newer.',
  },
  delivery_unsupported: {
    about: 'decision',
    summary: 'The profile does not support the delivery that the policy asks for.',
    remedy: 'Use delivery: Auto, or another profile.',
  },
  placement_unsupported: {
    about: 'decision',
    summary: 'The policy asks for a native sidecar, which this cluster does not have.',
    remedy: 'Use placement: Auto, or set --native-sidecars where every kubelet is 1.29 or newer.',
  },
  pod_unreadable: {
    about: 'decision',
    summary: 'The pod’s spec does not have the shape of a pod.',
    remedy: 'Fix the field that the message names; the API server refuses such a pod anyway.',
  },
  internal_error: {
    about: 'decision',
    summary: 'Outrider failed in a way it does not know.',
    remedy: 'Report it with the log line of this request.',
  },
  too_many_containers: {
    about: 'decision',
    summary: 'The pod has more containers, init and ephemeral ones included, than Outrider looks at.',
    remedy: 'Split the pod, or raise the setting --max-containers.',
    optsOut: true,
  },
  pid1_in_pod: {
    about: 'decision',
    summary:
      'A container of the pod has to be process 1 (an init system), which it cannot be in a process namespace that containers share.',
    remedy: 'Start the program itself with command, or admit such pods with admitUninstrumented.',
    admissible: true,
  },
  pid1_entrypoint: {
    about: 'container',
    summary: 'The container’s entrypoint has to be process 1 (an init system) and would not start under a tracer.',
    remedy: 'Exclude the container, or start the program itself with command.',
    admissible: true,
  },
  entrypoint_empty: {
    about: 'container',
    summary: 'Neither the container nor its image gives anything to start.',
    remedy: 'Give the container a command.',
  },
  entrypoint_is_option: {
    about: 'container',
    summary: 'The first word that the container starts begins with a dash, and the tracer would take it for an option.',
    remedy: 'Start the program by its path: a command of which the first word is no option.',
    optsOut: true,
  },
  init_needs_native_sidecar: {
    about: 'container',
    summary: 'An init container would wait forever for an agent that starts after it.',
    remedy:
      'Use a cluster with native sidecars (Kubernetes 1.29 on every node), or leave Init out of containers.cover.',
  },
  init_starts_before_agent: {
    about: 'container',
    summary: 'The init container stands before the instrumentation’s own and runs before its files are there.',
    remedy: 'Let Outrider’s webhook be called after the one that adds the container, or exclude the container.',
  },
  mount_path_taken: {
    about: 'container',
    summary:
      'The container mounts something of its own at, under or around the instrumentation’s path, or in a process’s folder of /proc, which leads to any path.',
    remedy: 'Move the container’s mount.',
    admissible: true,
    optsOut: true,
  },
  image_declares_volume: {
    about: 'container',
    summary:
      'The image declares a VOLUME at a path below the agent’s files, where a runtime would lay the image’s own content over them.',
    remedy: 'Build the image without that VOLUME, or exclude the container.',
    optsOut: true,
  },
  images_annotation_invalid: {
    about: 'container',
    summary: 'The annotation outrider.dev/images is not JSON of the documented shape.',
    remedy: 'Write {"container": {"entrypoint": ["/app"], "cmd": []}}.',
  },
  image_unresolved: {
    about: 'container',
    summary: 'The container gives no command, and what its image starts is not known.',
    remedy: 'Give the container a command, annotate the pod with outrider.dev/images, or add the image to an ImageMap.',
  },
  image_reference_invalid: {
    about: 'container',
    summary: 'The container’s image is not a valid image reference.',
    remedy: 'Fix the image; the message quotes the part that is wrong.',
  },
  image_not_found: {
    about: 'container',
    summary: 'The registry does not have the container’s image.',
    remedy: 'Push the image, or fix its name.',
  },
  image_unauthorized: {
    about: 'container',
    summary: 'The registry refuses to show the container’s image with the credentials at hand.',
    remedy: 'Give the pod an imagePullSecret that can read it, or the annotation outrider.dev/images.',
  },
  image_platforms_differ: {
    about: 'container',
    summary: 'The image starts different programs on the platforms that the pod can land on.',
    remedy: 'Pin the pod to an architecture with a nodeSelector, or give the container a command.',
  },
  image_not_runnable: {
    about: 'container',
    summary: 'The reference names something that is no runnable Linux image.',
    remedy: 'Name an OCI or Docker schema 2 image for Linux.',
  },
  image_config_invalid: {
    about: 'container',
    summary: 'The registry’s answer is not a valid manifest or image configuration, or has another digest.',
    remedy: 'Push the image again; the server’s log has the details.',
  },
  registry_unreachable: {
    about: 'container',
    summary: 'The image’s registry does not answer.',
    remedy: 'Look at the network path from Outrider to the registry; later pods are tried again.',
  },
  registry_rate_limited: {
    about: 'container',
    summary: 'The image’s registry refuses further requests for now.',
    remedy: 'Give Outrider credentials with a higher limit, or a mirror.',
  },
  registry_error: {
    about: 'container',
    summary: 'The image’s registry answers with an error of its own.',
    remedy: 'Look at the registry; later pods are tried again.',
  },
  registry_denied: {
    about: 'container',
    summary: 'Outrider’s configuration or its egress guard forbids talking to the image’s registry.',
    remedy: 'Add the registry to the allow list if that is not meant.',
  },
  too_many_lookups: {
    about: 'container',
    summary: 'The pod has more images to be looked up than one may, or its namespace more look-ups under way.',
    remedy:
      'Create the pod again: what was looked up is kept. Or say what the images start, by command, annotation or ImageMap; or raise lookups in the RegistryConfiguration.',
  },
  caller_unproven: {
    about: 'container',
    summary: 'What the image starts is found out for the API server alone, and the call did not prove to come from it.',
    remedy:
      'Nothing to do for a call that is not the API server’s. If it is, see what outrider status says of the port, and the page on operations.',
  },
  lookup_timeout: {
    about: 'container',
    summary: 'The look-up took longer than the API server waits.',
    remedy: 'Create the pod again: the look-up goes on and its result is kept; or raise the webhook’s timeout.',
  },
  capability_left_out: {
    about: 'remark',
    summary: 'SYS_PTRACE is left out because the namespace or platform would refuse the pod with it.',
    remedy:
      'Nothing to do: the tracer needs no capability for its own child. See docs/security.md for setuid programs.',
  },
  capability_refused: {
    about: 'remark',
    summary: 'The policy always adds SYS_PTRACE, and the namespace’s Pod Security level refuses it.',
    remedy: 'Use capability: Auto, or a namespace at level privileged.',
  },
  capability_without_effect: {
    about: 'remark',
    summary: 'The container does not run as root, so an added SYS_PTRACE is not effective in it.',
    remedy: 'Nothing to do: the tracer needs no capability for its own child.',
  },
  capability_dropped: {
    about: 'remark',
    summary: 'The container drops SYS_PTRACE by name, which wins over adding it.',
    remedy: 'Nothing to do, or take the capability off the container’s drop list.',
  },
  exclusion_void: {
    about: 'remark',
    summary: 'An exclusion by image does not hold: the container could start another program than the image’s own.',
    remedy:
      'Give the policy’s exclusion the command and args that the container has, or leave them, loader variables and mounts over programs off the container.',
  },
  env_kept: {
    about: 'remark',
    summary: 'The container sets a variable of the same name; its value stays.',
    remedy: 'Remove the variable from the container if the profile’s value is wanted.',
  },
  name_suffixed: {
    about: 'remark',
    summary: 'The pod uses the name of a part of the instrumentation; a suffix was added to ours.',
    remedy: 'Nothing to do.',
  },
  annotation_ignored: {
    about: 'remark',
    summary: 'The policy forbids narrowing; the annotation outrider.dev/containers is ignored.',
    remedy: 'Remove the annotation.',
  },
  agent_resources_kept: {
    about: 'remark',
    summary:
      'The annotation outrider.dev/agent-resources asks for what the policy does not allow; the agent gets the policy’s resources.',
    remedy:
      'Stay within agent.allowOverride.resources.max of the policy, and not below what the agent needs; or remove the annotation.',
  },
  annotation_names_unknown: {
    about: 'remark',
    summary: 'The annotation outrider.dev/containers names a container that the pod does not have.',
    remedy: 'Fix the annotation.',
  },
  keeper_left_out: {
    about: 'remark',
    summary:
      'The agent runs without the keeper, which would restart it inside its container: while a crashing agent waits for its restart, the pod is not ready.',
    remedy:
      'The keeper has to know what the agent’s image starts. In a cluster Outrider looks that up by itself, and status.agent of the policy says why it could not: an unreachable registry, say, or one that wants a pull secret (agent.imagePullSecrets). Otherwise give it with --image-config or an ImageMap; `outrider image IMAGE` prints it. See docs/reliability.md#when-the-agent-is-in-trouble.',
  },
  agent_image_unauthorized: {
    about: 'remark',
    summary: 'The registry does not show the agent’s image to Outrider; the nodes may have rights that Outrider lacks.',
    remedy: 'Check that the nodes can pull the agent’s image.',
  },
  host_redirected: {
    about: 'remark',
    summary:
      'The pod leads, or may lead, a host elsewhere that the agent talks to: by its hostAliases, its own host name, or nameservers or search domains of its own.',
    remedy:
      'Take the name out of the pod; where opting out is forbidden or Security preferred, it is tampering. Nameservers and search domains are only remarked.',
  },
  credentials_awaited: {
    about: 'remark',
    summary:
      'The Secret with the agent’s access key is not there, and the policy prefers security: the pod waits for it.',
    remedy: 'Create the Secret in the pod’s namespace; the kubelet then starts the pod.',
  },
  parts_taken_off: {
    about: 'remark',
    summary:
      'Another webhook took parts of the instrumentation off again; they are put back, and it may take them once more.',
    remedy:
      'Let the other webhook leave the containers and the volume alone; Security denies a pod that ends up without.',
  },
  parts_put_back: {
    about: 'remark',
    summary: 'Parts of the instrumentation had been changed; they are put back as planned.',
    remedy:
      'Let whoever changed them leave them alone, or let them differ there: setting ownPartsMayDiffer, with the entries of the message.',
  },
  pull_secrets_not_added: {
    about: 'remark',
    summary: 'The manifest lists no pull secrets, and adding one would keep the ServiceAccount’s from being added.',
    remedy: 'Give the pull secret to the ServiceAccount.',
  },
  probe_not_covered: {
    about: 'remark',
    summary: 'An exec probe or a lifecycle hook of the container starts outside the tracer.',
    remedy: 'Add Probes or Lifecycle to containers.cover, at the price of tracing each run.',
  },
  pid1_assumed: {
    about: 'remark',
    summary:
      'A hook or an exec probe speaks of process 1, which in a shared process namespace is none of the container’s.',
    remedy: 'Let it find the process by name (pkill, pidof) or by a pid file.',
  },
  debugger_inside: {
    about: 'remark',
    summary:
      'A container starts a debugger or tracer of its own, or a program with LeakSanitizer: a process has one tracer at a time.',
    remedy:
      'Exclude the container while it is debugged; for LeakSanitizer, set detect_leaks=0 in the variable that is named.',
  },
  resources_not_fitted: {
    about: 'remark',
    summary:
      'What the namespace’s LimitRanges and quotas ask is not known, so the agent’s resources are not fitted to it.',
    remedy:
      'Nothing to do if the pod was created. Otherwise give Outrider the right to list limitranges and resourcequotas.',
  },
  sidecar_resources: {
    about: 'remark',
    summary: 'The pod grows by the agent’s resources.',
    remedy: 'Nothing to do, or set agent.resources in the policy.',
  },
  opt_out_ignored: {
    about: 'remark',
    summary: 'The policy forbids opting out; the label outrider.dev/inject is ignored.',
    remedy: 'Remove the label.',
  },
  mount_kept: {
    about: 'remark',
    summary: 'The container mounts something of its own where the profile mounts a part of the node; its mount stays.',
    remedy: 'Remove the mount from the container if the profile’s is wanted.',
  },
  container_absent: {
    about: 'remark',
    summary: 'The profile has a part for a container that the pod does not have.',
    remedy: 'Add the container with the vendor’s own chart or operator, if what it does is wanted.',
  },
  task_unreadable: {
    about: 'decision',
    summary: 'The task definition does not have the shape of one.',
    remedy: 'Fix the field that the message names; ECS refuses such a task definition anyway.',
  },
  task_unsupported: {
    about: 'decision',
    summary: 'The profile has no recipe for task definitions.',
    remedy: 'Use the profile sysdig or datadog, or give your own profile a task section.',
  },
  intrinsic_unresolved: {
    about: 'container',
    summary: 'A CloudFormation function stands where the value has to be known before deployment.',
    remedy:
      'Write the value out at the path that the message names, or instrument the deployed task definition instead.',
  },
  agent_waits_for_it: {
    about: 'container',
    summary:
      'The agent of the task, or what brings its files, waits for the container, so the container can’t wait for the agent in turn.',
    remedy:
      'Take the dependency out of the agent’s dependsOn, volumesFrom or links, exclude the container from the policy, or admit it with admitUninstrumented.',
    admissible: true,
    optsOut: true,
  },
  access_key_not_given: {
    about: 'remark',
    summary: 'Nothing says where ECS reads the agent’s access key from.',
    remedy:
      'Give the setting accessKeySecretArn, the ARN of a secret or parameter. A Dockerrun has no secrets: set the variable as an environment property there.',
  },
  access_key_in_plain_text: {
    about: 'remark',
    summary:
      'The agent’s container in the task has its access key in its environment, for everybody to read who may describe the task.',
    remedy: 'Move the key into a secret or parameter, and name that in the container’s secrets.',
  },
  dockerrun_without_secrets: {
    about: 'remark',
    summary: 'A Dockerrun file has no secrets, so the agent’s access key has to come from the environment.',
    remedy: 'Set the variable that the message names as an environment property, from a secret.',
  },
  fargate_platform: {
    about: 'remark',
    summary: 'On Fargate, a shared process namespace and SYS_PTRACE need platform version 1.4.0 or newer.',
    remedy: 'Nothing to do: LATEST is newer. A service with an older platformVersion has to raise it.',
  },
  process_namespace_unavailable: {
    about: 'remark',
    summary: 'The platform documents no process namespace that containers share; an agent that needs one may not work.',
    remedy: 'Try it before you rely on it, or use an ECS task definition, which has pidMode.',
  },
  task_level_missing: {
    about: 'remark',
    summary:
      'A bare list of container definitions, as Terraform has it, has no place for what the instrumentation needs of the task as a whole.',
    remedy: 'Write what the message names into the aws_ecs_task_definition, or instrument the whole task definition.',
  },
  too_many_task_containers: {
    about: 'remark',
    summary: 'With the containers that are added, the task has more than ECS takes.',
    remedy: 'Take containers out of the task, or leave the task out by a tag or the policy: ECS refuses it as it is.',
  },
  exec_in_one_container: {
    about: 'remark',
    summary: 'Where the containers of a task share a process namespace, ECS Exec opens sessions in one of them alone.',
    remedy: 'Choose the container that people have to get into, or leave the task out by a tag or the policy.',
  },
  agent_unreachable: {
    about: 'remark',
    summary: 'Containers do not share a network here, so the tracer does not reach the agent on localhost.',
    remedy: 'Use networkMode awsvpc. A Dockerrun has none; use an ECS task definition.',
  },
  no_host: {
    about: 'decision',
    summary: 'The task is for Fargate, and the profile’s agent runs on a container instance of one’s own.',
    remedy: 'Use the profile sysdig or datadog, which need no host.',
    admissible: true,
  },
  session_allowed: {
    about: 'session',
    tells: 'nobody',
    summary: 'The policy lets such sessions go on as they are.',
    remedy: 'Nothing to do, or set sessions in the policy.',
  },
  session_recorded: {
    about: 'session',
    summary: 'The session goes on as it is, and is written down.',
    remedy: 'Nothing to do, or set sessions in the policy to Trace.',
  },
  session_traced: {
    about: 'session',
    summary: 'What the session starts is started under the tracer.',
    remedy: 'Nothing to do.',
  },
  session_denied: {
    about: 'session',
    summary: 'The policy denies such sessions.',
    remedy: 'Ask whoever keeps the policy for a place in sessions.exempt, or for another mode.',
  },
  session_pod_unknown: {
    about: 'session',
    summary: 'The pod that the session is for could not be read, so nothing is known of its containers.',
    remedy: 'Check whether the pod is still there, and whether Outrider has the right to get pods.',
  },
  session_container_unknown: {
    about: 'session',
    summary: 'The pod has no container of the name that the session is for.',
    remedy: 'Name one of its containers with -c.',
  },
  exec_not_instrumented: {
    about: 'session',
    summary: 'The container should be instrumented and is not, so what the session starts cannot be traced.',
    remedy: 'Restart the pod’s workload, so that its new pods are instrumented.',
  },
  exec_left_out: {
    about: 'session',
    tells: 'nobody',
    summary: 'The policy leaves the container, or the pod, uninstrumented, and so its sessions, too.',
    remedy: 'Nothing to do, or take the container off what the policy excludes or admits.',
  },
  exec_into_agent: {
    about: 'session',
    summary: 'The container is a part of the instrumentation, where a session could reach the agent itself.',
    remedy: 'Use another container of the pod; outrider verify looks into this one by itself.',
  },
  exec_not_traced: {
    about: 'session',
    summary: 'The session’s final command does not start with the tracer.',
    remedy:
      'Try again; another webhook may have changed the command, or the mutating call failed. See outrider status for whether that is reached.',
  },
  debug_not_instrumented: {
    about: 'session',
    summary: 'The pod is not instrumented, so its debug containers go on as they are.',
    remedy: 'Restart the pod’s workload, if its new pods are to be instrumented.',
  },
  debug_untraceable: {
    about: 'session',
    summary: 'A debug container in this pod cannot be traced.',
    remedy:
      'Where it says who may have written the tracer, restart the pod’s workload; else set sessions.debug to Record or Deny, or use a profile whose tracer works in debug containers.',
  },
  debug_not_traced: {
    about: 'session',
    summary: 'The final debug container lacks a part of the instrumentation.',
    remedy: 'Try again; another webhook may have taken it off, or the mutating call failed.',
  },
  debug_image_unknown: {
    about: 'session',
    summary: 'What the debug container’s image starts, or which volumes it declares, is not known.',
    remedy: 'Use an image that Outrider can look up, or add it to an ImageMap.',
  },
  debug_image_volume: {
    about: 'session',
    summary: 'The debug container’s image declares a VOLUME at or below the path of the agent’s files.',
    remedy: 'Use an image without that VOLUME.',
  },
  debug_mount_forbidden: {
    about: 'session',
    summary: 'The debug container mounts a volume of the instrumentation.',
    remedy: 'Leave the mount out; Outrider adds what it needs, read-only.',
  },
  debug_user_forbidden: {
    about: 'session',
    summary: 'The debug container would run as the agent’s user, and could read its access key or change its files.',
    remedy: 'Give it another runAsUser.',
  },
  debug_privilege_forbidden: {
    about: 'session',
    summary:
      'The debug container would be privileged, or root with a capability such as SYS_PTRACE, and could end the tracer.',
    remedy: 'Use kubectl debug --profile=baseline or --profile=restricted.',
  },
  update_allowed: {
    about: 'session',
    tells: 'nobody',
    summary: 'The update leaves the parts of the instrumentation as a policy plans them.',
    remedy: 'Nothing to do.',
  },
  update_of_agent_image: {
    about: 'session',
    summary: 'The update gives a part of the instrumentation an image that no policy plans for it.',
    remedy: 'Leave the image as it is; to change it, change the policy’s agent.image and restart the workload.',
  },
  update_of_agent_resources: {
    about: 'session',
    summary: 'The update takes a limit of the instrumentation below the least that its profile allows.',
    remedy: 'Leave the agent its limits, or set agent.resources in the policy.',
  },
  update_keeps_command: {
    about: 'remark',
    summary: 'The container keeps the command that it was instrumented with, which is what the old image starts.',
    remedy: 'Nothing to do if the new image starts the same; otherwise create the pod again.',
  },
} as const satisfies Record<string, ReasonText>;

/** A reason's code. */
export type ReasonCode = keyof typeof table;

/** What each code means and what helps. */
export const reasons: Readonly<Record<ReasonCode, ReasonText>> = table;

/** Whether a pod's author can cause this reason at will, to run untraced. */
export function optsOut(code: ReasonCode): boolean {
  return reasons[code].optsOut === true;
}

/** Every code, in the order of the documentation. */
export const reasonCodes = Object.keys(table) as readonly ReasonCode[];

/** The reasons that a policy may list in `admitUninstrumented`: those that the pod proves, alone or with what its namespace allows. */
export const admissibleReasons: readonly ReasonCode[] = reasonCodes.filter((code) => reasons[code].admissible === true);
